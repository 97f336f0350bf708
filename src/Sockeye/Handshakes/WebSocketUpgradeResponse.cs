namespace Sockeye;

/// <summary>The response with which a server accepted the connection (RFC 6455 §4.2.2). Immutable and thread-safe.</summary>
public sealed class WebSocketUpgradeResponse
{
    internal WebSocketUpgradeResponse(Uri address, int statusCode, WebSocketHeaders headers)
    {
        Address = address;
        StatusCode = statusCode;
        Headers = headers;
    }

    /// <summary>
    /// The address of the server: the address that the client connected to, or the target of the last redirect. Without user
    /// information.
    /// </summary>
    public Uri Address { get; }

    /// <summary>The HTTP status: 101, or 200 with HTTP/2.</summary>
    public int StatusCode { get; }

    /// <summary>The headers, as they were received.</summary>
    public WebSocketHeaders Headers { get; }
}
