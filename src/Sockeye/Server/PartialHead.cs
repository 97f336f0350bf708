using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>A request's head that has arrived in part, and whatever comes in the same pieces behind it.</summary>
/// <remarks>Usually a head arrives whole and is read from where it lies: then there is none of this.</remarks>
internal sealed class PartialHead(ArrayPool<byte> pool, HeadReader reader)
{
    // Most heads that come in pieces are shorter, and do not move.
    private const int MinBufferLength = 8 * 1024;

    private HeadReader _reader = reader;
    private byte[] _bytes = [];
    private int _length;

    /// <summary>All that has arrived.</summary>
    public Span<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Adds what has arrived next.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        // The reader refuses a head that is too long, one byte behind the longest; what comes behind a head belongs to
        // the connection, and is kept too.
        int needed = _length + bytes.Length;
        if (_bytes.Length < needed)
        {
            byte[] longer = pool.Rent(Math.Max(needed, MinBufferLength));
            Bytes.CopyTo(longer);
            Release();
            _bytes = longer;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length = needed;
    }

    /// <summary>Reads on, as <see cref="HeadReader.Read"/> does.</summary>
    public OperationStatus Read(out int headLength, out HttpError error) => _reader.Read(Bytes, out headLength, out error);

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        if (_bytes.Length != 0)
        {
            pool.Return(_bytes);
            _bytes = [];
        }
    }
}
