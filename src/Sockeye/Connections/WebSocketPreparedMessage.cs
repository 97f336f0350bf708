using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sockeye.Compression;
using Sockeye.Connections.Sending;

namespace Sockeye;

/// <summary>A message that is prepared once, and then sent on any number of connections: a broadcast.</summary>
/// <remarks>
/// <para>
/// The frame is made with the message. It is compressed when the message is first sent on a connection that compresses (RFC 7692),
/// once for all connections with the same window, <see cref="PerMessageDeflateOptions.Level"/>,
/// <see cref="PerMessageDeflateOptions.MemoryLevel"/> and <see cref="PerMessageDeflateOptions.Strategy"/>. The connections of a
/// server send from the same arrays, and copy only short ones. A client must mask each frame with a new key (RFC 6455 §5.3), so
/// it masks a copy.
/// </para>
/// <para>
/// Immutable. Any thread may send it, any number of times. It need not be disposed: its memory does not come from a pool, and is
/// kept as long as the message, or a connection that is still sending it.
/// </para>
/// </remarks>
public sealed class WebSocketPreparedMessage
{
    // Held while compressing. Threads that find the compressed frame do not take it.
    private readonly Lock _gate = new();

    // One for each pool of codecs. Options with the same values share a pool, so there is rarely more than one, and the process
    // keeps the pool alive anyway. The array is replaced as a whole.
    private volatile KeyValuePair<CodecPool<Deflater>, OutgoingFrame>[] _deflated = [];

    private WebSocketPreparedMessage(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool compress, string? key)
    {
        Kind = kind;
        Compress = compress;
        Key = key;
        Plain = OutgoingFrame.Share(OutgoingFrame.OpcodeOf(kind), payload);
    }

    /// <summary>Whether the payload is text or arbitrary bytes.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The payload, uncompressed.</summary>
    public ReadOnlyMemory<byte> Payload => Plain.Payload;

    /// <summary>Whether the message is compressed on connections that compress, if it is long enough.</summary>
    public bool Compress { get; }

    /// <summary>
    /// What the message is the newest state of, such as the symbol of a price: see <see cref="WebSocketSlowConsumerPolicy.LatestPerKey"/>.
    /// <see langword="null"/> if it has no key.
    /// </summary>
    public string? Key { get; }

    /// <summary>The uncompressed frame.</summary>
    internal OutgoingFrame Plain { get; }

    /// <summary>Prepares a text message.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="compress">
    /// Whether to compress the message on connections that have negotiated compression, if it is long enough. Do not compress a
    /// secret together with text that someone else has chosen: the length would reveal it (RFC 7692 §8).
    /// </param>
    /// <param name="key">The <see cref="Key"/>.</param>
    public static WebSocketPreparedMessage Text(string text, bool compress = true, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text, compress, key);
    }

    /// <summary>Prepares a binary message.</summary>
    /// <param name="payload">The payload, which is copied.</param>
    /// <param name="compress">As for a text message.</param>
    /// <param name="key">The <see cref="Key"/>.</param>
    public static WebSocketPreparedMessage Binary(ReadOnlySpan<byte> payload, bool compress = true, string? key = null) =>
        new(payload, WebSocketMessageKind.Binary, compress, key);

    /// <summary>Prepares a value as a text message, in JSON (RFC 8259).</summary>
    /// <param name="value">The value.</param>
    /// <param name="typeInfo">How its type is serialized: <c>WebSocketJsonExtensions</c> has more on it.</param>
    /// <param name="compress">As for a text message.</param>
    /// <param name="key">The <see cref="Key"/>.</param>
    /// <exception cref="JsonException">The value cannot be serialized.</exception>
    public static WebSocketPreparedMessage Json<T>(T value, JsonTypeInfo<T> typeInfo, bool compress = true, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        return new(JsonSerializer.SerializeToUtf8Bytes(value, typeInfo), WebSocketMessageKind.Text, compress, key);
    }

    /// <summary>Prepares a message of either kind, such as one that was received.</summary>
    /// <param name="payload">
    /// The payload, which is copied. Text must be UTF-8, which is not validated: peers would fail their connections with 1007.
    /// </param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="compress">As for a text message.</param>
    /// <param name="key">The <see cref="Key"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public static WebSocketPreparedMessage Create(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool compress = true, string? key = null) =>
        new(payload, kind, compress, key);

    /// <summary>The frame for connections that compress with a pool's codecs; uncompressed if compression makes it no shorter.</summary>
    internal OutgoingFrame FrameFor(CodecPool<Deflater> codecs)
    {
        if (Find(codecs) is { } found)
        {
            return found;
        }

        lock (_gate)
        {
            // Another thread may have compressed it before this one got the lock.
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
        // Without context takeover it refers to nothing before it, so every peer can inflate it, whatever its window holds
        // (RFC 7692 §7.2.2).
        var deflater = new MessageDeflater(codecs, hasContextTakeover: false);
        if (!deflater.TryDeflate(Payload.Span, ArrayPool<byte>.Shared, offset: 0, out ArraySegment<byte> deflated))
        {
            return Plain;
        }

        int savedLength = Payload.Length - deflated.Count;
        OutgoingFrame frame = OutgoingFrame.Share(Plain with { IsCompressed = true }, deflated) with { SavedLength = savedLength };
        ArrayPool<byte>.Shared.Return(deflated.Array!);
        return frame;
    }
}
