using System.Numerics;
using System.Runtime.InteropServices;

namespace Sockeye.Memory;

/// <summary>
/// Counts the bytes that connections hold: one counter for the process. The limit is in each connection's options.
/// </summary>
/// <remarks>
/// Updated wherever memory is rented, so event loops must not contend for it: each thread adds to one of a few shards, which pass
/// on their sum in batches. <see cref="Held"/> is therefore off by at most 64 KiB per shard. Thread-safe.
/// </remarks>
internal sealed class MemoryBudget
{
    // A shard passes on its sum from this length.
    private const long BatchLength = 64 * 1024;
    private const int MaxShardCount = 64;

    // The fraction of the memory that the collector may use, container limits included; the rest is left to the application.
    private const int DefaultFraction = 4;

    private readonly Shard[] _shards =
        new Shard[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, MaxShardCount))];

    private long _passedOn;

    /// <summary>The counter of the process.</summary>
    public static MemoryBudget Process { get; } = new();

    /// <summary>The counter of the process for incomplete messages, which count in <see cref="Process"/> too.</summary>
    public static MemoryBudget Incomplete { get; } = new();

    /// <summary>The default limit, in bytes.</summary>
    public static long DefaultLimit { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / DefaultFraction;

    /// <summary>
    /// The approximate number of bytes held. Never negative, although a return may be passed on before its rent.
    /// </summary>
    public long Held => Math.Max(Volatile.Read(ref _passedOn), 0);

    /// <summary>The number of bytes held; exact if no other thread is counting.</summary>
    public long ExactHeld
    {
        get
        {
            long held = Volatile.Read(ref _passedOn);
            foreach (ref Shard shard in _shards.AsSpan())
            {
                held += Volatile.Read(ref shard.Length);
            }

            return held;
        }
    }

    /// <summary>Adds to the bytes that are held; a negative number subtracts.</summary>
    public void Add(long length)
    {
        ref long shard = ref _shards[Environment.CurrentManagedThreadId & (_shards.Length - 1)].Length;
        if (Math.Abs(Interlocked.Add(ref shard, length)) >= BatchLength)
        {
            Interlocked.Add(ref _passedOn, Interlocked.Exchange(ref shard, 0));
        }
    }

    // Two cache lines, since processors fetch them in pairs.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Shard
    {
        [FieldOffset(0)]
        public long Length;
    }
}
