using System.Buffers;
using System.Runtime.CompilerServices;

namespace Sockeye.Protocol;

/// <summary>A frame header of which only the first bytes have arrived, or else the last header that was read.</summary>
internal struct PartialHeader
{
    private HeaderBytes _bytes;

    // The length of the last complete header, at the start of _bytes.
    private byte _readLength;

    /// <summary>The number of bytes of an incomplete header; 0 if no header is incomplete.</summary>
    public byte Length { get; private set; }

    /// <summary>The number of bytes consumed of the incomplete header, or the length of the last complete one.</summary>
    public readonly int ConsumedLength => Length != 0 ? Length : _readLength;

    /// <summary>The opcode, or <see langword="null"/> while fewer than two bytes have arrived.</summary>
    public readonly Opcode? Opcode => Length < 2 ? null : (Opcode)(_bytes[0] & 0xF);

    /// <summary>
    /// Reads a header that begins with the bytes stored here, or with those of <paramref name="source"/> if no bytes are stored.
    /// </summary>
    /// <param name="source">The next bytes that arrived.</param>
    /// <param name="rules">
    /// The rules for frame headers; this and the other parameters are as for <see cref="FrameHeader.TryRead"/>.
    /// </param>
    /// <param name="header">The header, when the result is <see cref="OperationStatus.Done"/>.</param>
    /// <param name="consumed">
    /// The number of bytes taken from <paramref name="source"/>: all of them, which are stored here, if more are needed; for an
    /// invalid header, as many as fit here.
    /// </param>
    /// <param name="error">The violated rule, when the result is <see cref="OperationStatus.InvalidData"/>.</param>
    public OperationStatus Read(
        ReadOnlySpan<byte> source, in FrameRules rules,
        out FrameHeader header, out int consumed, out WebSocketProtocolError error)
    {
        OperationStatus status;
        if (Length == 0)
        {
            status = FrameHeader.TryRead(source, rules, out header, out consumed, out error);
            if (status == OperationStatus.Done)
            {
                source[..consumed].CopyTo(_bytes);
                _readLength = (byte)consumed;
            }
            else
            {
                consumed = Append(source);
            }

            return status;
        }

        int held = Length;
        consumed = Append(source);
        status = FrameHeader.TryRead(((ReadOnlySpan<byte>)_bytes)[..Length], rules, out header, out int length, out error);
        if (status == OperationStatus.Done)
        {
            // More bytes than the header has may have been copied; those belong to the payload.
            Length = 0;
            _readLength = (byte)length;
            consumed = length - held;
        }

        return status;
    }

    /// <summary>Copies the bytes of the header that are needed to detect an error.</summary>
    public readonly byte[] ToArray(WebSocketProtocolError error)
    {
        ReadOnlySpan<byte> bytes = ((ReadOnlySpan<byte>)_bytes)[..ConsumedLength];
        return bytes[..ProtocolViolation.HeaderLengthFor(error, bytes)].ToArray();
    }

    private int Append(ReadOnlySpan<byte> source)
    {
        int taken = Math.Min(source.Length, FrameHeader.MaxLength - Length);
        source[..taken].CopyTo(((Span<byte>)_bytes)[Length..]);
        Length += (byte)taken;
        return taken;
    }

    [InlineArray(FrameHeader.MaxLength)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
