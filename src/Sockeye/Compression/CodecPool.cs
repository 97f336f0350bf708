using Sockeye.Memory;

namespace Sockeye.Compression;

/// <summary>Codecs that are as good as new, for whoever needs one next. Thread-safe.</summary>
/// <typeparam name="T">The codec.</typeparam>
internal sealed class CodecPool<T>
    where T : class, IDisposable
{
    // A codec is in use for as long as a message takes: more than a few for each processor are there only after a burst.
    private static readonly int MaxKeptCount = 2 * Environment.ProcessorCount;

    private readonly Stack<T> _kept = new();
    private readonly Func<T> _create;
    private readonly IdleTrimmer? _trimmer;

    // The fewest that were there at any time since the last trim.
    private int _unusedCount;

    /// <summary>Makes a pool, with nothing in it.</summary>
    /// <param name="create">Makes a codec when none is left.</param>
    /// <param name="isTrimmed">Whether to free codecs that have been idle for a while.</param>
    public CodecPool(Func<T> create, bool isTrimmed = false)
    {
        _create = create;
        _trimmer = isTrimmed ? IdleTrimmer.OfProcess(Trim) : null;
    }

    /// <summary>How many codecs are kept.</summary>
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

    /// <summary>Lends a codec that remembers nothing.</summary>
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

    /// <summary>Takes a codec back, which must remember nothing; or frees it, if enough are kept.</summary>
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

    /// <summary>Frees the codecs that have not been used since the last call.</summary>
    /// <returns>Whether any are left.</returns>
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
