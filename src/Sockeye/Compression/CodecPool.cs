using Sockeye.Memory;

namespace Sockeye.Compression;

/// <summary>A pool of codecs in their initial state. Thread-safe.</summary>
/// <typeparam name="T">The type of codec.</typeparam>
internal sealed class CodecPool<T>
    where T : class, IDisposable
{
    // A codec is in use for as long as one message takes, so that more than a few per processor are left over only after a burst.
    private static readonly int MaxKeptCount = 2 * Environment.ProcessorCount;

    private readonly Stack<T> _kept = new();
    private readonly Func<T> _create;
    private readonly IdleTrimmer? _trimmer;

    // The lowest number of kept codecs since the last trim: that many were not needed.
    private int _unusedCount;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="create">Creates a codec when the pool is empty.</param>
    /// <param name="isTrimmed">Whether to free codecs that have been idle for a while.</param>
    public CodecPool(Func<T> create, bool isTrimmed = false)
    {
        _create = create;
        _trimmer = isTrimmed ? IdleTrimmer.OfProcess(Trim) : null;
    }

    /// <summary>The number of codecs in the pool.</summary>
    public int KeptCount
    {
        get
        {
            lock (_kept)
            {
                return _kept.Count;
            }
        }
    }

    /// <summary>Rents a codec in its initial state.</summary>
    public T Rent()
    {
        lock (_kept)
        {
            if (_kept.TryPop(out T? codec))
            {
                _unusedCount = Math.Min(_unusedCount, _kept.Count);
                return codec;
            }
        }

        return _create();
    }

    /// <summary>Returns a codec, which must be in its initial state. It is freed if the pool is full.</summary>
    public void Return(T codec)
    {
        if (TryKeep(codec))
        {
            _trimmer?.Start();
        }
        else
        {
            codec.Dispose();
        }
    }

    /// <summary>Frees the codecs that were not needed since the last call.</summary>
    /// <returns>Whether any codecs are left.</returns>
    public bool Trim()
    {
        List<T> unused = [];
        bool areLeft;
        lock (_kept)
        {
            for (; _unusedCount > 0; _unusedCount--)
            {
                unused.Add(_kept.Pop());
            }

            _unusedCount = _kept.Count;
            areLeft = _unusedCount != 0;
        }

        unused.ForEach(static codec => codec.Dispose());
        return areLeft;
    }

    private bool TryKeep(T codec)
    {
        lock (_kept)
        {
            if (_kept.Count == MaxKeptCount)
            {
                return false;
            }

            _kept.Push(codec);
            return true;
        }
    }
}
