using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// Finds the end of a request's head as it arrives. A head that arrives in one read stays where it was received; one that arrives in
/// pieces is collected in a rented buffer.
/// </summary>
internal struct RequestBytes
{
    // Set while the head has arrived in part.
    private Pieces? _pieces;

    /// <summary>Whether a part of the head has arrived.</summary>
    public readonly bool HasBegun => _pieces is not null;

    /// <summary>Packs a head, to keep it.</summary>
    public static byte[] Pack(ArrayPool<byte> pool, ReadOnlySpan<byte> head)
    {
        byte[] buffer = pool.Rent(PackedHead.MaxLength(head.Length));
        byte[] packed = buffer[..PackedHead.Pack(head, buffer)];
        pool.Return(buffer);
        return packed;
    }

    /// <summary>Reads on.</summary>
    /// <param name="pool">Where a buffer is rented if the head arrives in pieces.</param>
    /// <param name="limits">The limits on the head.</param>
    /// <param name="bytes">
    /// What was received. Replaced by everything that was received so far, if the head has arrived in pieces; valid until
    /// <see cref="Release"/>.
    /// </param>
    /// <param name="headLength">The length of the head in bytes, when the result is <see cref="OperationStatus.Done"/>.</param>
    /// <param name="error">The rule that is broken, when the result is <see cref="OperationStatus.InvalidData"/>.</param>
    public OperationStatus Read(
        ArrayPool<byte> pool, HeadLimits limits, ref Span<byte> bytes, out int headLength, out HttpError error)
    {
        if (_pieces is not null)
        {
            _pieces.Add(bytes);
            bytes = _pieces.Bytes;
            return _pieces.Read(out headLength, out error);
        }

        var reader = new HeadReader(limits);
        OperationStatus status = reader.Read(bytes, out headLength, out error);
        if (status == OperationStatus.NeedMoreData)
        {
            _pieces = new Pieces(pool, reader);
            _pieces.Add(bytes);
        }

        return status;
    }

    /// <summary>Returns the buffer.</summary>
    public readonly void Release() => _pieces?.Release();

    private sealed class Pieces(ArrayPool<byte> pool, HeadReader reader)
    {
        // Most heads that arrive in pieces are shorter, and are not copied again.
        private const int MinBufferLength = 8 * 1024;

        private HeadReader _reader = reader;
        private byte[] _buffer = [];
        private int _length;

        public Span<byte> Bytes => _buffer.AsSpan(0, _length);

        public void Add(ReadOnlySpan<byte> bytes)
        {
            // The reader rejects a head that exceeds its limit by one byte. What follows the head belongs to the connection, and is kept.
            int needed = _length + bytes.Length;
            if (_buffer.Length < needed)
            {
                byte[] longer = pool.Rent(Math.Max(needed, MinBufferLength));
                Bytes.CopyTo(longer);
                Release();
                _buffer = longer;
            }

            bytes.CopyTo(_buffer.AsSpan(_length));
            _length = needed;
        }

        public OperationStatus Read(out int headLength, out HttpError error) => _reader.Read(Bytes, out headLength, out error);

        public void Release()
        {
            if (_buffer.Length != 0)
            {
                pool.Return(_buffer);
                _buffer = [];
            }
        }
    }
}
