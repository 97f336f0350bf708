using System.Net;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The request with which a client opened a connection (RFC 6455 §4.1). Immutable.</summary>
public sealed class WebSocketUpgradeRequest
{
    private readonly ServerHandshakeOffer _offer;

    internal WebSocketUpgradeRequest(ServerHandshakeOffer offer, EndPoint? remoteEndPoint, bool isSecure)
    {
        _offer = offer;
        RemoteEndPoint = remoteEndPoint;
        IsSecure = isSecure;
    }

    /// <summary>The path, from its slash, percent-decoded once.</summary>
    public string Path => _offer.DecodedPath;

    /// <summary>What stands behind the question mark, as it was sent; empty if there is nothing.</summary>
    public string Query => _offer.Query;

    /// <summary>The Host header.</summary>
    public string Host => _offer.Host;

    /// <summary>The origin of the page that opened the connection; <see langword="null"/> if no browser did.</summary>
    public string? Origin => _offer.Origin;

    /// <summary>The subprotocols that the client offers, its preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols => _offer.Subprotocols;

    /// <summary>The version of the WebSocket protocol: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version => _offer.Version;

    /// <summary>The headers in their order; repeated names stand there each time.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers => [.. _offer.Request.Headers.ToPairs()];

    /// <summary>The address of the client, or of the proxy in between, if it is known.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether the connection is over TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>The value of a header.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The value, several joined with a comma; <see langword="null"/> if there is none.</returns>
    public string? GetHeader(string name) => _offer.Request.Headers.GetString(name);
}
