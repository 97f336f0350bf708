using System.Buffers.Binary;

namespace Sockeye.Protocol;

/// <summary>
/// The usual case, which needs no <see cref="MessageReader"/>: a message in one frame (RFC 6455 §5.6) that lies whole in
/// what has arrived.
/// </summary>
internal static class WholeMessage
{
    // FIN and the opcode, no reserved bit.
    private const int WholeText = 0x81;
    private const int WholeBinary = 0x82;

    private const int MaskBit = 0x80;
    private const int Length16 = 126;

    /// <summary>Reads a message, if one frame that keeps every rule is all of it, and is all there.</summary>
    /// <param name="source">
    /// What has arrived, from the first byte of a frame, with no message open before it. If the answer is not 0, the
    /// payload in it has been unmasked.
    /// </param>
    /// <param name="settings">As for a <see cref="MessageReader"/>.</param>
    /// <param name="kind">What the message is. That a text is UTF-8 is for the caller to check (§8.1).</param>
    /// <param name="payload">The payload where it lies.</param>
    /// <returns>
    /// How many bytes the message took; 0 for whatever else it is, or may be, which is left to a reader as it is.
    /// </returns>
    public static int Read(
        Span<byte> source, MessageReaderSettings settings, out WebSocketMessageKind kind, out Span<byte> payload)
    {
        kind = default;
        payload = default;
        if (source.Length < 2)
        {
            return 0;
        }

        // The mask bit is as it must be (§5.1), or it makes the length one that is not for us.
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
