namespace Sockeye;

/// <summary>A redirect that a client is about to follow (RFC 9110 §15.4).</summary>
public sealed class WebSocketRedirect
{
    internal WebSocketRedirect(
        Uri from, Uri to, int statusCode, WebSocketHeaders headers, int count,
        bool isSameOrigin)
    {
        From = from;
        To = to;
        StatusCode = statusCode;
        Headers = headers;
        Count = count;
        IsSameOrigin = isSameOrigin;
        KeepHeaders = isSameOrigin;
    }

    /// <summary>The address of the server that redirects.</summary>
    public Uri From { get; }

    /// <summary>The address that it redirects to, without user information.</summary>
    public Uri To { get; }

    /// <summary>The HTTP status: 300 to 303, 307 or 308.</summary>
    public int StatusCode { get; }

    /// <summary>The headers of the response, as they were received.</summary>
    public WebSocketHeaders Headers { get; }

    /// <summary>The number of redirects so far, including this one.</summary>
    public int Count { get; }

    /// <summary>
    /// Whether <see cref="To"/> has the scheme, host and port of the first address (RFC 6454 §4), or its socket.
    /// </summary>
    public bool IsSameOrigin { get; }

    /// <summary>
    /// Whether the next request includes the headers of the options, credentials, cookies and the host, and whether TLS uses the
    /// client certificate.
    /// </summary>
    /// <value>
    /// The default is <see cref="IsSameOrigin"/>. Once it was <see langword="false"/>, these are not sent again, wherever later
    /// redirects lead; User-Agent, Accept, Accept-Language and Origin, which hold no secret, are kept. Cookies that
    /// <see cref="WebSocketClientOptions.Cookies"/> has for the new address are sent in either case.
    /// </value>
    public bool KeepHeaders { get; set; }
}
