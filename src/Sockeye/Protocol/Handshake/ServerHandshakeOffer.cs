using System.Text;

namespace Sockeye.Protocol;

/// <summary>The contents of a valid opening handshake request, as a view of its bytes. Text is decoded on request.</summary>
internal readonly ref struct ServerHandshakeOffer
{
    /// <summary>Creates an offer from a validated request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="selected">The subprotocol selected from the server's list.</param>
    /// <param name="deflate">The response to the offers of permessage-deflate under the server's rules.</param>
    public ServerHandshakeOffer(
        RequestHead request, string? selected, PerMessageDeflateParameters? deflate = null)
    {
        Request = request;
        Subprotocol = selected;
        PerMessageDeflate = deflate;
    }

    /// <summary>Returns the same offer with permessage-deflate declined.</summary>
    public ServerHandshakeOffer WithoutCompression() => new(Request, Subprotocol);

    /// <summary>The request itself.</summary>
    public RequestHead Request { get; }

    /// <summary>The WebSocket version: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version
    {
        get
        {
            Request.Headers.Find("Sec-WebSocket-Version"u8, out ReadOnlySpan<byte> version);
            return version.SequenceEqual("8"u8) ? ServerHandshake.DraftVersion : ServerHandshake.RfcVersion;
        }
    }

    /// <summary>Returns the offered subprotocols, in the client's order of preference.</summary>
    public IReadOnlyList<string> Subprotocols =>
        SubprotocolList.TryParse(Request.Headers, out IReadOnlyList<string> subprotocols) ? subprotocols : [];

    /// <summary>The first of the server's subprotocols that the client offers; <see langword="null"/> if there is none.</summary>
    public string? Subprotocol { get; }

    /// <summary>
    /// The response to the first acceptable offer of permessage-deflate (RFC 7692 §7.1); <see langword="null"/> if messages are
    /// not compressed.
    /// </summary>
    public PerMessageDeflateParameters? PerMessageDeflate { get; }

    /// <summary>The value of Sec-WebSocket-Key.</summary>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            Request.Headers.Find("Sec-WebSocket-Key"u8, out ReadOnlySpan<byte> key);
            return key;
        }
    }

    /// <summary>
    /// The requested host, with its port if given: the authority of a target in absolute form, which replaces the Host header
    /// (RFC 9112 §3.2.2), or else that header.
    /// </summary>
    public string Host => Target.Authority.IsEmpty
        ? Request.Headers.GetString("Host") ?? ""
        : Encoding.ASCII.GetString(Target.Authority);

    /// <summary>Returns the host of a request with one Host header, as a view of its bytes.</summary>
    public ReadOnlySpan<byte> RawHost
    {
        get
        {
            Request.Headers.Find("Host"u8, out ReadOnlySpan<byte> host);
            return Target.Authority.IsEmpty ? host : Target.Authority;
        }
    }

    /// <summary>
    /// The origin of the page that opens the connection; <see langword="null"/> if the client is not a browser.
    /// </summary>
    public string? Origin =>
        (Version == ServerHandshake.DraftVersion ? Request.Headers.GetString("Sec-WebSocket-Origin") : null)
        ?? Request.Headers.GetString("Origin");

    /// <summary>The request target as it was sent.</summary>
    public string TargetText => Encoding.ASCII.GetString(Request.Target);

    /// <summary>The path, not decoded; see <see cref="RequestTarget.Path"/>.</summary>
    public string Path => Encoding.ASCII.GetString(Target.Path);

    /// <summary>Returns the path as a view of the request's bytes.</summary>
    public ReadOnlySpan<byte> RawPath => Target.Path;

    /// <summary>
    /// The path, percent-decoded once as UTF-8. It begins with exactly one slash, not followed by another slash or by a
    /// backslash, which browsers treat as one; decoding could produce either.
    /// </summary>
    public string DecodedPath
    {
        get
        {
            string decoded = Uri.UnescapeDataString(Path);
            int start = decoded.AsSpan().IndexOfAnyExcept('/', '\\');
            start = start < 0 ? decoded.Length : start;
            return start <= 1 ? decoded : string.Concat("/", decoded.AsSpan(start));
        }
    }

    /// <summary>The query as it was sent, without the question mark; empty if there is none.</summary>
    public string Query => Encoding.ASCII.GetString(Target.Query);

    /// <summary>
    /// Returns the offered extensions in the client's order; an extension that occurs several times is several offers.
    /// </summary>
    public IReadOnlyList<Extension> Extensions =>
        ExtensionList.TryParse(Request.Headers, out IReadOnlyList<Extension> extensions) ? extensions : [];

    /// <summary>Returns the cookies in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cookies => CookieList.Parse(Request.Headers);

    private RequestTarget Target => RequestTarget.TryParse(Request.Target, out RequestTarget target) ? target : default;
}
