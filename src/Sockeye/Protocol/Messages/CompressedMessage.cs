using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>A compressed message while it arrives: inflated as far as it is here, its text checked (RFC 7692 §6.2).</summary>
internal struct CompressedMessage
{
    // What is compressed is seldom longer than what it was made from, and then by little. More than this is a sender
    // who wastes our time on blocks with nothing in them.
    private const int MaxExcessLength = 64 * 1024;

    private InflatedPayload _payload;
    private MessageText _text;
    private long _deliveredLength;

    /// <summary>How many bytes a compressed message may take on the wire.</summary>
    /// <param name="maxMessageLength">The longest message, in bytes.</param>
    public static long MaxWireLength(long maxMessageLength) =>
        maxMessageLength <= long.MaxValue - MaxExcessLength ? maxMessageLength + MaxExcessLength : long.MaxValue;

    /// <summary>Takes in what has arrived.</summary>
    /// <param name="inflater">The connection's.</param>
    /// <param name="settings">The limit, and the pool.</param>
    /// <param name="piece">What has arrived, unmasked.</param>
    /// <param name="isText">Whether the message is text.</param>
    /// <param name="endsMessage">Whether the message ends with it.</param>
    /// <returns>The rule broken.</returns>
    public WebSocketProtocolError Append(
        IMessageInflater inflater, MessageReaderSettings settings, ReadOnlySpan<byte> piece, bool isText, bool endsMessage)
    {
        int start = _payload.Length;

        // A message that is longer than an array is delivered in fragments, each of which comes from few bytes.
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

    /// <summary>How many bytes are there to be delivered.</summary>
    public readonly int Length => _payload.Length;

    /// <summary>Hands over what has been inflated: all of the message, or the piece of it that is to be delivered.</summary>
    /// <param name="buffer">Where to, for the time of the delivery.</param>
    /// <param name="pool">Where to return what was delivered before.</param>
    /// <param name="endsMessage">Whether the message is over, and the next one may begin.</param>
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
