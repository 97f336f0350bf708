using System.Numerics;
using System.Runtime.InteropServices;

namespace Sockeye.Memory;

/// <summary>Counts the bytes that connections hold: one counter for the process, whose limit each connection has in its options.</summary>
/// <remarks>
/// Counted wherever memory is rented, so it must not be a place at which event loops meet: each thread adds to one of a few
/// shards, which pass on what has come together. <see cref="Held"/> may be wrong by 64 KiB for each shard, never by more.
/// Thread-safe.
/// </remarks>
internal sealed class MemoryBudget
{
    // What a shard keeps to itself.
    private const long BatchLength = 64 * 1024;
    private const int MaxShardCount = 64;

    // Of the memory that the collector may use, containers' limits included: the rest is the application's.
    private const int DefaultFraction = 4;

    private readonly Shard[] _shards =
        new Shard[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, MaxShardCount))];

    private long _passedOn;

    /// <summary>The counter of the process.</summary>
    public static MemoryBudget Process { get; } = new();

    /// <summary>What connections may hold unless options say otherwise, in bytes.</summary>
    public static long DefaultLimit { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / DefaultFraction;

    /// <summary>The bytes that are held, nearly. Never negative: what comes back may be passed on before what was lent.</summary>
    public long Held => Math.Max(Volatile.Read(ref _passedOn), 0);

    /// <summary>The bytes that are held, exactly if no other thread is counting.</summary>
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

    /// <summary>Counts bytes that are held from now on; negative, if they are not any more.</summary>
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
