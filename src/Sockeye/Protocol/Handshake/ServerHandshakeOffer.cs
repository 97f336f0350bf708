using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// What a client asks for in an opening handshake that keeps the rules, over the bytes of its request. Text is made when
/// it is asked for.
/// </summary>
internal readonly ref struct ServerHandshakeOffer
{
    /// <summary>Takes over a request that has been checked.</summary>
    /// <param name="request">The request.</param>
    /// <param name="selected">The subprotocol that the server's list selects.</param>
    /// <param name="deflate">What the server's rules make of the offers of permessage-deflate.</param>
    public ServerHandshakeOffer(
        RequestHead request, string? selected, PerMessageDeflateParameters? deflate = null)
    {
        Request = request;
        Subprotocol = selected;
        PerMessageDeflate = deflate;
    }

    /// <summary>The same offer, of which permessage-deflate is declined.</summary>
    public ServerHandshakeOffer WithoutCompression() => new(Request, Subprotocol);

    /// <summary>The request itself.</summary>
    public RequestHead Request { get; }

    /// <summary>The version of the WebSocket protocol: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version
    {
        get
        {
            Request.Headers.Find("Sec-WebSocket-Version"u8, out ReadOnlySpan<byte> version);
            return version.SequenceEqual("8"u8) ? ServerHandshake.DraftVersion : ServerHandshake.RfcVersion;
        }
    }

    /// <summary>The subprotocols offered, the client's preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols =>
        SubprotocolList.TryParse(Request.Headers, out IReadOnlyList<string> subprotocols) ? subprotocols : [];

    /// <summary>The first of the server's subprotocols that is offered; <see langword="null"/> if none is.</summary>
    public string? Subprotocol { get; }

    /// <summary>
    /// What the server answers to the first offer of permessage-deflate that it accepts (RFC 7692 §7.1);
    /// <see langword="null"/> if messages are not compressed.
    /// </summary>
    public PerMessageDeflateParameters? PerMessageDeflate { get; }

    /// <summary>The Sec-WebSocket-Key.</summary>
    public ReadOnlySpan<byte> Key
    {
        get
        {
            Request.Headers.Find("Sec-WebSocket-Key"u8, out ReadOnlySpan<byte> key);
            return key;
        }
    }

    /// <summary>
    /// The host that the client asks for, with its port if there is one: the authority of a target in absolute form, which
    /// replaces the Host header (RFC 9112 §3.2.2); else that header.
    /// </summary>
    public string Host => Target.Authority.IsEmpty
        ? Request.Headers.GetString("Host") ?? ""
        : Encoding.ASCII.GetString(Target.Authority);

    /// <summary>The same of a request with one Host header, in the request's bytes.</summary>
    public ReadOnlySpan<byte> RawHost
    {
        get
        {
            Request.Headers.Find("Host"u8, out ReadOnlySpan<byte> host);
            return Target.Authority.IsEmpty ? host : Target.Authority;
        }
    }

    /// <summary>The origin of the page that opens the connection; <see langword="null"/> if no browser does.</summary>
    public string? Origin =>
        (Version == ServerHandshake.DraftVersion ? Request.Headers.GetString("Sec-WebSocket-Origin") : null)
        ?? Request.Headers.GetString("Origin");

    /// <summary>The request target, as it was sent.</summary>
    public string TargetText => Encoding.ASCII.GetString(Request.Target);

    /// <summary>The path, not decoded: see <see cref="RequestTarget.Path"/>.</summary>
    public string Path => Encoding.ASCII.GetString(Target.Path);

    /// <summary>The same, in the request's bytes.</summary>
    public ReadOnlySpan<byte> RawPath => Target.Path;

    /// <summary>
    /// The path, percent-decoded once (UTF-8). It begins with exactly one slash, behind which there is no other and no
    /// backslash, which browsers read as one: decoding can bring forth either.
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

    /// <summary>What stands behind the question mark, as it was sent; empty if there is nothing.</summary>
    public string Query => Encoding.ASCII.GetString(Target.Query);

    /// <summary>
    /// The extensions offered, in the client's order; one that is there several times is several offers.
    /// </summary>
    public IReadOnlyList<Extension> Extensions =>
        ExtensionList.TryParse(Request.Headers, out IReadOnlyList<Extension> extensions) ? extensions : [];

    /// <summary>The cookies, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cookies => CookieList.Parse(Request.Headers);

    private RequestTarget Target => RequestTarget.TryParse(Request.Target, out RequestTarget target) ? target : default;
}
