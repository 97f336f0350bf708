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

    /// <summary>Makes a pool, with nothing in it.</summary>
    /// <param name="create">Makes a codec when none is left.</param>
    public CodecPool(Func<T> create) => _create = create;

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
                return codec;
            }
        }

        return _create();
    }

    /// <summary>Takes a codec back, which must remember nothing; or frees it, if enough are kept.</summary>
    public void Return(T codec)
    {
        lock (_kept)
        {
            if (_kept.Count < MaxKeptCount)
            {
                _kept.Push(codec);
                return;
            }
        }

        codec.Dispose();
    }
}
