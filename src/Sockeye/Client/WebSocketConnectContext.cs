using System.Net;

namespace Sockeye;

/// <summary>What <see cref="WebSocketClientOptions.ConnectCallback"/> is to connect to.</summary>
public sealed class WebSocketConnectContext
{
    internal WebSocketConnectContext(Uri address, DnsEndPoint endPoint)
    {
        Address = address;
        EndPoint = endPoint;
    }

    /// <summary>The address that the opening handshake is for, without user information.</summary>
    public Uri Address { get; }

    /// <summary>The host and port to connect to: the server's, or those of the proxy in between.</summary>
    public DnsEndPoint EndPoint { get; }
}
