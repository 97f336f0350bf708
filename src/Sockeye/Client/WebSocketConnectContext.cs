using System.Net;

namespace Sockeye;

/// <summary>The target of <see cref="WebSocketClientOptions.ConnectCallback"/>.</summary>
public sealed class WebSocketConnectContext
{
    internal WebSocketConnectContext(Uri address, DnsEndPoint endPoint)
    {
        Address = address;
        EndPoint = endPoint;
    }

    /// <summary>The address of the opening handshake, without user information.</summary>
    public Uri Address { get; }

    /// <summary>The host and port to connect to: those of the server, or of the proxy.</summary>
    public DnsEndPoint EndPoint { get; }
}
