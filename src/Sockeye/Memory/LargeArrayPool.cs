using System.Buffers;
using System.Numerics;

namespace Sockeye.Memory;

/// <summary>
/// Rents arrays like <see cref="ArrayPool{T}.Shared"/>, but keeps large ones itself and gives those that were idle for a few
/// seconds back to the operating system.
/// </summary>
/// <remarks>
/// <para>
/// The shared pool keeps up to 32 large arrays of each length per processor and frees them when the garbage collector runs.
/// In an idle process it does not run: after a burst of long messages, hundreds of MiB stay resident. Here, a timer finds the
/// arrays that were idle for a whole interval and releases their pages at once (see <see cref="ResidentPages"/>), whenever the
/// collector frees the arrays themselves.
/// </para>
/// <para>Thread-safe.</para>
/// </remarks>
internal sealed class LargeArrayPool : ArrayPool<byte>
{
    /// <summary>The time between two trims: an array is released one to two intervals after its last use.</summary>
    public static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The length, in bytes, up to which arrays come from the shared pool: 64 KiB, below the large object heap.
    /// </summary>
    public const int MaxSharedLength = 1 << FirstDoubling;

    private const int FirstDoubling = 16;

    // Four lengths per doubling, so that an array is at most a quarter longer than requested.
    private const int LengthsPerDoubling = 4;
    private const int MaxClassCount = LengthsPerDoubling * (31 - FirstDoubling);

    // The limit for idle arrays: a share of the memory for recurring bursts, but never a large part of the machine's.
    private const int IdleFraction = 16;
    private const long MinMaxIdleLength = 16L * 1024 * 1024;
    private const long MaxMaxIdleLength = 512L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IdleClass[] _classes = new IdleClass[MaxClassCount];
    private readonly long _maxIdleLength;
    private readonly IdleTrimmer? _trimmer;
    private long _idleLength;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="time">The clock for trimming idle arrays; <see langword="null"/> to never trim.</param>
    /// <param name="maxIdleLength">The maximum number of idle bytes. An array returned beyond that is released at once.</param>
    public LargeArrayPool(TimeProvider? time, long maxIdleLength)
    {
        _maxIdleLength = maxIdleLength;
        _trimmer = time is null ? null : new IdleTrimmer(time, TrimInterval, Trim);
    }

    /// <summary>The pool that all servers and clients of the process share.</summary>
    public static LargeArrayPool Process { get; } = new(
        TimeProvider.System,
        Math.Clamp(
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / IdleFraction, MinMaxIdleLength, MaxMaxIdleLength));

    /// <summary>The number of idle bytes.</summary>
    public long IdleLength
    {
        get
        {
            lock (_gate)
            {
                return _idleLength;
            }
        }
    }

    /// <inheritdoc/>
    public override byte[] Rent(int minimumLength)
    {
        if (minimumLength <= MaxSharedLength)
        {
            return Shared.Rent(minimumLength);
        }

        int index = ClassOf(minimumLength);
        int length = LengthOf(index);
        lock (_gate)
        {
            if (_classes[index].TryTake(out byte[]? array))
            {
                _idleLength -= length;
                return array;
            }
        }

        return GC.AllocateUninitializedArray<byte>(length);
    }

    /// <inheritdoc/>
    public override void Return(byte[] array, bool clearArray = false)
    {
        if (array.Length <= MaxSharedLength)
        {
            Shared.Return(array, clearArray);
            return;
        }

        if (clearArray)
        {
            Array.Clear(array);
        }

        if (TryKeep(array))
        {
            _trimmer?.Start();
        }
        else
        {
            ResidentPages.Release(array);
        }
    }

    private bool TryKeep(byte[] array)
    {
        int index = ClassOf(array.Length);
        lock (_gate)
        {
            if (_idleLength + array.Length > _maxIdleLength || array.Length != LengthOf(index))
            {
                return false;
            }

            _classes[index].Keep(array);
            _idleLength += array.Length;
            return true;
        }
    }

    // Releases what was idle since the last trim. Returns whether to trim again later.
    private bool Trim()
    {
        List<byte[]> idle = [];
        bool goesOn;
        lock (_gate)
        {
            foreach (ref IdleClass arrays in _classes.AsSpan())
            {
                arrays.TakeIdle(idle);
            }

            foreach (byte[] array in idle)
            {
                _idleLength -= array.Length;
            }

            goesOn = _idleLength != 0;
        }

        foreach (byte[] array in idle)
        {
            ResidentPages.Release(array);
        }

        return goesOn;
    }

    // Class 0 has 80 KiB, 1 has 96, 2 has 112, 3 has 128, 4 has 160, and so on.
    private static int ClassOf(int length)
    {
        int doubling = BitOperations.Log2((uint)length - 1);
        int step = (length - 1) >> (doubling - 2);
        return (LengthsPerDoubling * (doubling - FirstDoubling)) + step - LengthsPerDoubling;
    }

    private static int LengthOf(int index)
    {
        int doubling = FirstDoubling + (index / LengthsPerDoubling);
        long length = (LengthsPerDoubling + 1L + (index % LengthsPerDoubling)) << (doubling - 2);
        return (int)Math.Min(length, Array.MaxLength);
    }

    // The idle arrays of one length.
    private struct IdleClass
    {
        private Stack<byte[]>? _arrays;
        private int _unusedCount;

        public void Keep(byte[] array) => (_arrays ??= new()).Push(array);

        public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? array)
        {
            array = null;
            if (_arrays is null || !_arrays.TryPop(out array))
            {
                return false;
            }

            _unusedCount = Math.Min(_unusedCount, _arrays.Count);
            return true;
        }

        // _unusedCount is the lowest number of arrays since the last trim: that many were not needed.
        public void TakeIdle(List<byte[]> idle)
        {
            for (; _unusedCount > 0; _unusedCount--)
            {
                idle.Add(_arrays!.Pop());
            }

            _unusedCount = _arrays?.Count ?? 0;
            if (_unusedCount == 0)
            {
                _arrays = null;
            }
        }
    }
}
