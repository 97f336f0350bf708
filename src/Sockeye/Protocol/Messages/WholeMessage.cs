using System.Buffers.Binary;

namespace Sockeye.Protocol;

/// <summary>
/// Reads the most common kind of message without a <see cref="MessageReader"/>: one in a single frame (RFC 6455 §5.6) that has
/// arrived completely.
/// </summary>
internal static class WholeMessage
{
    // FIN and the opcode, with no reserved bit set.
    private const int WholeText = 0x81;
    private const int WholeBinary = 0x82;

    private const int MaskBit = 0x80;
    private const int Length16 = 126;

    /// <summary>Reads a message, if it consists of one valid frame that has arrived completely.</summary>
    /// <param name="source">
    /// The received bytes, from the first byte of a frame, while no message is open. If the result is not 0, the payload in them
    /// has been unmasked.
    /// </param>
    /// <param name="settings">The settings that a <see cref="MessageReader"/> would use.</param>
    /// <param name="kind">The kind of the message. The caller must validate the UTF-8 of text (RFC 6455 §8.1).</param>
    /// <param name="payload">The payload, as a view of the source.</param>
    /// <returns>The length of the frame; 0 for anything else, which is left unchanged for a reader.</returns>
    public static int Read(
        Span<byte> source, MessageReaderSettings settings, out WebSocketMessageKind kind, out Span<byte> payload)
    {
        kind = default;
        payload = default;
        if (source.Length < 2)
        {
            return 0;
        }

        // RFC 6455 §5.1: the mask bit must have one value. If it has the other, the length computed here is too large, and the
        // frame is left to the reader.
        bool isMasked = settings.Rules.Receiver == Role.Server;
        int first = source[0];
        int length = source[1] ^ (isMasked ? MaskBit : 0);
        int headerLength = isMasked ? 2 + sizeof(uint) : 2;
        if (first is not (WholeText or WholeBinary) || length > Length16)
        {
            return 0;
        }

        if (length == Length16)
        {
            headerLength += sizeof(ushort);
            if (source.Length < headerLength)
            {
                return 0;
            }

            length = BinaryPrimitives.ReadUInt16BigEndian(source[2..]);
            if (length < Length16)
            {
                return 0;
            }
        }

        int frameLength = headerLength + length;
        if (frameLength > source.Length || length > settings.MaxMessageLength)
        {
            return 0;
        }

        kind = (WebSocketMessageKind)(first & 0xF);
        payload = source.Slice(headerLength, length);
        if (isMasked)
        {
            Masking.Apply(payload, BinaryPrimitives.ReadUInt32LittleEndian(source[(headerLength - sizeof(uint))..]));
        }

        return frameLength;
    }
}
