using System.Buffers;
using System.Runtime.CompilerServices;

namespace Sockeye.Protocol;

/// <summary>A frame header of which only the first bytes have arrived; otherwise the last header that was read.</summary>
internal struct PartialHeader
{
    private HeaderBytes _bytes;

    // The length of the last complete header, which _bytes then begins with.
    private byte _readLength;

    /// <summary>How many bytes of the header are here; 0 when a frame is not split within its header.</summary>
    public byte Length { get; private set; }

    /// <summary>How many bytes of the incomplete header have been consumed, or how long the last complete one was.</summary>
    public readonly int ConsumedLength => Length != 0 ? Length : _readLength;

    /// <summary>What the frame carries; <see langword="null"/> while less than the two fixed bytes are here.</summary>
    public readonly Opcode? Opcode => Length < 2 ? null : (Opcode)(_bytes[0] & 0xF);

    /// <summary>Reads a header that begins in what is here, or in <paramref name="source"/> if nothing is.</summary>
    /// <param name="source">What has arrived next.</param>
    /// <param name="rules">As for <see cref="FrameHeader.TryRead"/>, and so for the rest.</param>
    /// <param name="header">The header, when the result is <see cref="OperationStatus.Done"/>.</param>
    /// <param name="consumed">
    /// How many bytes of <paramref name="source"/> were taken: all of them, to be kept here, if more is needed; of a header
    /// that breaks a rule, as many as fit here.
    /// </param>
    /// <param name="error">The rule broken, when the result is <see cref="OperationStatus.InvalidData"/>.</param>
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
            // More may have been taken than the header has; that belongs to the payload.
            Length = 0;
            _readLength = (byte)length;
            consumed = length - held;
        }

        return status;
    }

    /// <summary>Copies the bytes of the header that are needed to detect that a rule is broken.</summary>
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
