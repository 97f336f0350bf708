using System.Net;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>The request with which a client opened a connection (RFC 6455 §4.1). Immutable.</summary>
/// <remarks>
/// What a connection keeps of it is as small as can be: a property is read from the request's bytes when it is asked for.
/// Keep the value of one that is needed often.
/// </remarks>
public sealed class WebSocketUpgradeRequest
{
    private readonly byte[] _packedHead;
    private readonly Transport _transport;

    // Unpacked when the first property is asked for; by two threads at once, twice.
    private byte[]? _head;

    /// <summary>Takes a request that was accepted.</summary>
    /// <param name="packedHead">Its head, as <see cref="PackedHead"/> has made it.</param>
    /// <param name="transport">What it came over, which knows the address.</param>
    /// <param name="isSecure">Whether that is TLS.</param>
    internal WebSocketUpgradeRequest(byte[] packedHead, Transport transport, bool isSecure)
    {
        _packedHead = packedHead;
        _transport = transport;
        IsSecure = isSecure;
    }

    /// <summary>The path, from its slash, percent-decoded once.</summary>
    public string Path => Offer(stackalloc HeaderLine[MaxLineCount]).DecodedPath;

    /// <summary>What stands behind the question mark, as it was sent; empty if there is nothing.</summary>
    public string Query => Offer(stackalloc HeaderLine[MaxLineCount]).Query;

    /// <summary>The Host header.</summary>
    public string Host => Offer(stackalloc HeaderLine[MaxLineCount]).Host;

    /// <summary>The origin of the page that opened the connection; <see langword="null"/> if no browser did.</summary>
    public string? Origin => Offer(stackalloc HeaderLine[MaxLineCount]).Origin;

    /// <summary>The subprotocols that the client offers, its preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols => Offer(stackalloc HeaderLine[MaxLineCount]).Subprotocols;

    /// <summary>The version of the WebSocket protocol: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version => Offer(stackalloc HeaderLine[MaxLineCount]).Version;

    /// <summary>The headers in their order; repeated names stand there each time.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers =>
        Offer(stackalloc HeaderLine[MaxLineCount]).Request.Headers.ToPairs();

    /// <summary>The address of the client, or of the proxy in between, if it is known.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>Whether the connection is over TLS.</summary>
    public bool IsSecure { get; }

    private static int MaxLineCount => HeadLimits.Default.MaxHeaderCount;

    /// <summary>The value of a header.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The value, several joined with a comma; <see langword="null"/> if there is none.</returns>
    public string? GetHeader(string name) =>
        Offer(stackalloc HeaderLine[MaxLineCount]).Request.Headers.GetString(name);

    // What was accepted once keeps the rules: the errors need no look.
    private ServerHandshakeOffer Offer(Span<HeaderLine> lines)
    {
        RequestHead.TryParse(_head ??= PackedHead.Unpack(_packedHead), lines, out RequestHead request);
        return new ServerHandshakeOffer(request, selected: null);
    }
}
