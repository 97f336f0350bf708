namespace Sockeye;

/// <summary>
/// A request that a client is about to send: the first, or one that follows a redirect or a challenge. Changes apply to this request
/// only.
/// </summary>
/// <remarks>
/// The headers are those that the application controls. The headers of the handshake (RFC 6455 §4.1) are written after them and cannot
/// be changed. Not thread-safe: use it during <see cref="WebSocketClientOptions.OnSendingRequest"/> only.
/// </remarks>
public sealed class WebSocketClientRequest
{
    internal WebSocketClientRequest(Uri address, int redirectCount, string? host, WebSocketHeaders headers)
    {
        Address = address;
        RedirectCount = redirectCount;
        Host = host;
        Headers = headers;
    }

    /// <summary>The address that the request is sent to, without user information.</summary>
    public Uri Address { get; }

    /// <summary>How many redirects led to this request: 0 for the first.</summary>
    public int RedirectCount { get; }

    /// <summary>The Host header; <see langword="null"/> for the host of <see cref="Address"/>.</summary>
    /// <exception cref="ArgumentException">The value is not a host with an optional port (RFC 9112 §3.2).</exception>
    public string? Host
    {
        get;
        set => field = OptionChecks.Host(value, nameof(value));
    }

    /// <summary>The headers. To change them, set a copy: <c>request.Headers = request.Headers.With("Authorization", token)</c>.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A header is not allowed, as for <see cref="WebSocketClientOptions.RequestHeaders"/>.</exception>
    public WebSocketHeaders Headers
    {
        get;
        set => field = OptionChecks.RequestHeaders(value, nameof(value));
    }
}
