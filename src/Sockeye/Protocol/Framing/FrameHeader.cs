using System.Buffers;
using System.Buffers.Binary;

namespace Sockeye.Protocol;

// RFC 6455 §5.2, in bits. A frame is this header and then PayloadLength bytes.
//
//   byte 0          byte 1           then                         then
//   FIN RSV1-3 OP   MASK LENGTH7     0, 2 or 8 bytes of length    0 or 4 bytes of masking key
//    1    3    4     1     7         (LENGTH7 < 126, = 126, = 127) (MASK = 0, 1)

/// <summary>The part of a frame before its payload (RFC 6455 §5.2).</summary>
/// <param name="Fin">Whether this is the last fragment of its message.</param>
/// <param name="ReservedBits">RSV1 is 4, RSV2 is 2, RSV3 is 1.</param>
/// <param name="Opcode">The opcode of the frame.</param>
/// <param name="MaskingKey">The masking key, whose low byte masks the first byte of the payload; 0 if not masked.</param>
/// <param name="PayloadLength">The length of the payload, in bytes: 0 to 2^63 - 1.</param>
internal readonly record struct FrameHeader(
    bool Fin, byte ReservedBits, Opcode Opcode, uint MaskingKey, long PayloadLength)
{
    /// <summary>The maximum length of a header, in bytes: 2 fixed, 8 of length, 4 of masking key.</summary>
    public const int MaxLength = 14;

    /// <summary>The maximum payload length of a control frame, in bytes (RFC 6455 §5.5).</summary>
    public const int MaxControlPayloadLength = 125;

    /// <summary>RSV1 as a value of <see cref="ReservedBits"/>: the bit that permessage-deflate uses (RFC 7692 §6).</summary>
    public const byte Rsv1 = 4;

    private const int Length16 = 126;
    private const int Length64 = 127;
    private const byte FinBit = 0x80;
    private const byte MaskBit = 0x80;

    /// <summary>Reads the header of a frame.</summary>
    /// <param name="source">The bytes received so far, from the first byte of the frame.</param>
    /// <param name="rules">The role of the reader and what it allows.</param>
    /// <param name="header">The header, when the result is <see cref="OperationStatus.Done"/>.</param>
    /// <param name="consumed">The length of the header; 0 unless it was read.</param>
    /// <param name="error">The violated rule, when the result is <see cref="OperationStatus.InvalidData"/>.</param>
    /// <returns>
    /// <see cref="OperationStatus.Done"/>; <see cref="OperationStatus.NeedMoreData"/>, to be called again from the same first
    /// byte with more bytes; or <see cref="OperationStatus.InvalidData"/>, after which the connection must be failed. Never
    /// throws.
    /// </returns>
    public static OperationStatus TryRead(
        ReadOnlySpan<byte> source, in FrameRules rules,
        out FrameHeader header, out int consumed, out WebSocketProtocolError error)
    {
        header = default;
        consumed = 0;
        error = WebSocketProtocolError.None;

        if (source.Length < 2)
        {
            return OperationStatus.NeedMoreData;
        }

        int first = source[0];
        int second = source[1];
        bool masked = (second & MaskBit) != 0;
        int length7 = second & 0x7F;

        // Two bytes suffice to reject most invalid frames. Reject them now: a peer that sends only these two must not hold the
        // connection open while we wait for a length that cannot change the result.
        error = Check(first, masked, length7, rules);
        if (error != WebSocketProtocolError.None)
        {
            return OperationStatus.InvalidData;
        }

        int lengthBytes = length7 < Length16 ? 0 : length7 == Length16 ? sizeof(ushort) : sizeof(ulong);
        int headerLength = 2 + lengthBytes + (masked ? sizeof(uint) : 0);
        if (source.Length < 2 + lengthBytes)
        {
            return OperationStatus.NeedMoreData;
        }

        ulong payloadLength = (uint)length7;
        if (lengthBytes != 0)
        {
            payloadLength = lengthBytes == sizeof(ushort)
                ? BinaryPrimitives.ReadUInt16BigEndian(source[2..])
                : BinaryPrimitives.ReadUInt64BigEndian(source[2..]);
            error = CheckLength(payloadLength, lengthBytes, rules);
            if (error != WebSocketProtocolError.None)
            {
                return OperationStatus.InvalidData;
            }
        }

        if (source.Length < headerLength)
        {
            return OperationStatus.NeedMoreData;
        }

        uint maskingKey = masked ? BinaryPrimitives.ReadUInt32LittleEndian(source[(2 + lengthBytes)..]) : 0;
        header = new FrameHeader(
            (first & FinBit) != 0, (byte)((first >> 4) & 0x7), (Opcode)(first & 0xF), maskingKey, (long)payloadLength);
        consumed = headerLength;
        return OperationStatus.Done;
    }

    /// <summary>Returns the length of a frame's header, in bytes.</summary>
    /// <param name="payloadLength">The length of the payload, in bytes.</param>
    /// <param name="masked">Whether the frame is masked.</param>
    public static int LengthOf(long payloadLength, bool masked) =>
        2 + (payloadLength < Length16 ? 0 : payloadLength <= ushort.MaxValue ? sizeof(ushort) : sizeof(ulong))
            + (masked ? sizeof(uint) : 0);

    /// <summary>Writes a header, with its length in the shortest form (RFC 6455 §5.2).</summary>
    /// <param name="destination">
    /// The output buffer: at least <see cref="MaxLength"/> bytes, or as many as the header needs.
    /// </param>
    /// <param name="fin">Whether this is the last fragment of its message.</param>
    /// <param name="reservedBits">RSV1 is 4, RSV2 is 2, RSV3 is 1.</param>
    /// <param name="opcode">The opcode of the frame.</param>
    /// <param name="maskingKey">The masking key of a client's frame; <see langword="null"/> for a server (RFC 6455 §5.1).</param>
    /// <param name="payloadLength">The length of the payload, in bytes; not negative.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Write(
        Span<byte> destination, bool fin, byte reservedBits, Opcode opcode, uint? maskingKey, long payloadLength)
    {
        destination[0] = (byte)((fin ? FinBit : 0) | (reservedBits << 4) | (int)opcode);
        int maskBit = maskingKey.HasValue ? MaskBit : 0;
        int written;
        if (payloadLength < Length16)
        {
            destination[1] = (byte)(maskBit | (int)payloadLength);
            written = 2;
        }
        else if (payloadLength <= ushort.MaxValue)
        {
            destination[1] = (byte)(maskBit | Length16);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
            written = 4;
        }
        else
        {
            destination[1] = (byte)(maskBit | Length64);
            BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadLength);
            written = 10;
        }

        if (maskingKey.HasValue)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(destination[written..], maskingKey.GetValueOrDefault());
            written += sizeof(uint);
        }

        return written;
    }

    private static WebSocketProtocolError Check(int first, bool masked, int length7, in FrameRules rules)
    {
        int opcode = first & 0xF;
        int reservedBits = (first >> 4) & 0x7;

        if (reservedBits != 0)
        {
            // RFC 7692 §6: an extension's bit is set on the first frame of a message, never on continuation or control frames.
            // That holds for every known extension, so it is checked here once.
            bool beginsMessage = opcode is (int)Opcode.Text or (int)Opcode.Binary;
            if (!beginsMessage || (reservedBits & ~rules.AllowedReservedBits) != 0)
            {
                return WebSocketProtocolError.ReservedBitSet;
            }
        }

        if (opcode >= (int)Opcode.Close)
        {
            if (opcode > (int)Opcode.Pong)
            {
                return WebSocketProtocolError.ReservedOpcode;
            }

            if ((first & FinBit) == 0)
            {
                return WebSocketProtocolError.FragmentedControlFrame;
            }

            if (length7 > MaxControlPayloadLength)
            {
                return WebSocketProtocolError.ControlFrameTooLong;
            }
        }
        else if (opcode > (int)Opcode.Binary)
        {
            return WebSocketProtocolError.ReservedOpcode;
        }

        // RFC 6455 §5.1: "a server MUST close the connection upon receiving a frame that is not masked", and a client the
        // reverse.
        if (masked != (rules.Receiver == Role.Server))
        {
            return masked ? WebSocketProtocolError.MaskedServerFrame : WebSocketProtocolError.UnmaskedClientFrame;
        }

        return WebSocketProtocolError.None;
    }

    private static WebSocketProtocolError CheckLength(ulong payloadLength, int lengthBytes, in FrameRules rules)
    {
        // RFC 6455 §5.2: "the most significant bit MUST be 0".
        if (payloadLength > long.MaxValue)
        {
            return WebSocketProtocolError.PayloadLengthOutOfRange;
        }

        // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
        ulong shortestOfThisForm = lengthBytes == sizeof(ushort) ? Length16 : ushort.MaxValue + 1ul;
        return payloadLength < shortestOfThisForm && !rules.AllowNonMinimalLength
            ? WebSocketProtocolError.NonMinimalPayloadLength
            : WebSocketProtocolError.None;
    }
}
