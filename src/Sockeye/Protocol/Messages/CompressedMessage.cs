using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// A compressed message while it arrives: inflates the bytes received so far and validates text (RFC 7692 §6.2).
/// </summary>
internal struct CompressedMessage
{
    // Compressed data is rarely longer than the original, and then only slightly. A sender that exceeds this wastes our time with
    // empty blocks.
    private const int MaxExcessLength = 64 * 1024;

    private InflatedPayload _payload;
    private MessageText _text;
    private long _deliveredLength;

    /// <summary>Returns the maximum length of a compressed message on the wire, in bytes.</summary>
    /// <param name="maxMessageLength">The maximum length of the inflated message, in bytes.</param>
    public static long MaxWireLength(long maxMessageLength) =>
        maxMessageLength <= long.MaxValue - MaxExcessLength ? maxMessageLength + MaxExcessLength : long.MaxValue;

    /// <summary>Inflates and validates the next bytes.</summary>
    /// <param name="inflater">The inflater of the connection.</param>
    /// <param name="settings">The limit and the pool.</param>
    /// <param name="piece">The bytes that have arrived, unmasked.</param>
    /// <param name="isText">Whether the message is text.</param>
    /// <param name="endsMessage">Whether they end the message.</param>
    /// <returns>The violated rule, if any.</returns>
    public WebSocketProtocolError Append(
        IMessageInflater inflater, MessageReaderSettings settings, ReadOnlySpan<byte> piece, bool isText, bool endsMessage)
    {
        int start = _payload.Length;

        // A message longer than an array can only be delivered in fragments, each of which is inflated from few bytes.
        int maxLength = (int)Math.Min(settings.MaxMessageLength - _deliveredLength, Array.MaxLength);
        WebSocketProtocolError error = _payload.Append(inflater, settings.Pool, maxLength, piece, endsMessage, settings);
        if (error == WebSocketProtocolError.None && isText)
        {
            bool isWhole = endsMessage && start == 0 && _deliveredLength == 0;
            error = _text.TryAppend(_payload.Bytes[start..], isWhole, endsMessage)
                ? WebSocketProtocolError.None
                : WebSocketProtocolError.InvalidUtf8;
        }

        return error;
    }

    /// <summary>The number of bytes ready to be delivered.</summary>
    public readonly int Length => _payload.Length;

    /// <summary>Transfers the inflated bytes: the whole message, or the fragment that is delivered.</summary>
    /// <param name="buffer">The buffer that receives them until they have been delivered.</param>
    /// <param name="pool">The pool that the buffer's previous array is returned to.</param>
    /// <param name="endsMessage">Whether the message ends.</param>
    public void MoveTo(ref AssemblyBuffer buffer, ArrayPool<byte> pool, bool endsMessage)
    {
        buffer.Release(pool);
        int length = _payload.Length;
        _deliveredLength = endsMessage ? 0 : _deliveredLength + length;
        buffer.Adopt(_payload.Detach(), length);
    }

    /// <summary>Returns the buffer to the pool.</summary>
    public void Release(ArrayPool<byte> pool) => _payload.Release(pool);
}
