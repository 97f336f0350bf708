using System.Buffers;
using System.Text;
using Sockeye.Compression;
using Sockeye.Connections.Sending;

namespace Sockeye;

/// <summary>A message that is made ready once, to be sent to many connections: a broadcast.</summary>
/// <remarks>
/// <para>
/// Its frame is made when it is made. It is compressed when it is first sent on a connection that compresses (RFC 7692),
/// once for all connections with the same window, <see cref="PerMessageDeflateOptions.Level"/>,
/// <see cref="PerMessageDeflateOptions.MemoryLevel"/> and <see cref="PerMessageDeflateOptions.Strategy"/>. Connections of a server share these arrays while they send,
/// and do not copy them unless they are short; a client masks a copy, as it must (RFC 6455 §5.3).
/// </para>
/// <para>
/// Never changes, and may be sent by any thread, any number of times. There is nothing to dispose of: its memory is not
/// of a pool, and is kept as long as the message, or a connection that has not sent it whole.
/// </para>
/// </remarks>
public sealed class WebSocketPreparedMessage
{
    // Those who compress wait for each other; those who find it done don't.
    private readonly Lock _gate = new();

    // One for each pool of codecs. Pools are found by the value of the options, so there is hardly ever more than one, and
    // the pool that this keeps alive is kept by the process anyway. Replaced as a whole.
    private volatile KeyValuePair<CodecPool<Deflater>, OutgoingFrame>[] _deflated = [];

    private WebSocketPreparedMessage(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool compress)
    {
        Kind = kind;
        Compress = compress;
        Plain = OutgoingFrame.Share(OutgoingFrame.OpcodeOf(kind), payload);
    }

    /// <summary>What the message is.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The payload, as it was given.</summary>
    public ReadOnlyMemory<byte> Payload => Plain.Payload;

    /// <summary>Whether it is compressed on connections that compress, if it is long enough.</summary>
    public bool Compress { get; }

    /// <summary>The message as it is.</summary>
    internal OutgoingFrame Plain { get; }

    /// <summary>Prepares a text message.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="compress">
    /// Whether to compress it where that was agreed on and it is long enough. Not what holds a secret beside text that
    /// somebody else has chosen: its length would tell (RFC 7692 §8).
    /// </param>
    public static WebSocketPreparedMessage Text(string text, bool compress = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text, compress);
    }

    /// <summary>Prepares a binary message.</summary>
    /// <param name="payload">The payload, of which a copy is made.</param>
    /// <param name="compress">As for a text message.</param>
    public static WebSocketPreparedMessage Binary(ReadOnlySpan<byte> payload, bool compress = true) =>
        new(payload, WebSocketMessageKind.Binary, compress);

    /// <summary>Prepares a message of either kind, such as one that was received.</summary>
    /// <param name="payload">
    /// The payload, of which a copy is made. Text must be UTF-8, which is not checked: the peers would fail their
    /// connections with 1007.
    /// </param>
    /// <param name="kind">What the message is.</param>
    /// <param name="compress">As for a text message.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public static WebSocketPreparedMessage Create(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool compress = true) =>
        new(payload, kind, compress);

    /// <summary>The frame for connections that compress with a pool's codecs; as it is, if it becomes no shorter.</summary>
    internal OutgoingFrame FrameFor(CodecPool<Deflater> codecs)
    {
        if (Find(codecs) is { } found)
        {
            return found;
        }

        lock (_gate)
        {
            // Whoever had the lock before may have done it.
            if (Find(codecs) is { } made)
            {
                return made;
            }

            OutgoingFrame frame = Deflate(codecs);
            _deflated = [.. _deflated, new(codecs, frame)];
            return frame;
        }
    }

    private OutgoingFrame? Find(CodecPool<Deflater> codecs)
    {
        foreach (KeyValuePair<CodecPool<Deflater>, OutgoingFrame> deflated in _deflated)
        {
            if (deflated.Key == codecs)
            {
                return deflated.Value;
            }
        }

        return null;
    }

    private OutgoingFrame Deflate(CodecPool<Deflater> codecs)
    {
        // It refers to nothing before it, which every peer can inflate, whatever its window holds (RFC 7692 §7.2.2).
        var deflater = new MessageDeflater(codecs, hasContextTakeover: false);
        if (!deflater.TryDeflate(Payload.Span, ArrayPool<byte>.Shared, offset: 0, out ArraySegment<byte> deflated))
        {
            return Plain;
        }

        OutgoingFrame frame = OutgoingFrame.Share(Plain with { IsCompressed = true }, deflated);
        ArrayPool<byte>.Shared.Return(deflated.Array!);
        return frame;
    }
}
