using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>Two ends of a TCP connection on the loopback interface.</summary>
/// <param name="Endpoint">The end of the endpoint under test.</param>
/// <param name="Peer">The end of the peer.</param>
internal sealed record LoopbackPair(Socket Endpoint, Socket Peer)
{
    public static async Task<LoopbackPair> ConnectAsync(TestedRole role)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();

        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        // Synchronous, which the backlog makes possible: an event loop needs a socket that has not been used asynchronously.
        client.Connect(listener.LocalEndPoint!);
        Socket server = await listener.AcceptAsync();
        server.NoDelay = true;
        return role == TestedRole.Server ? new LoopbackPair(server, client) : new LoopbackPair(client, server);
    }

    public static async Task<(TlsTransport Endpoint, TlsStream Peer)> SecureOnLoopAsync(
        TestedRole role, Socket endpoint, Socket peer, WebSocketTlsEngine engine)
    {
        static Task ServeAsync(SslStream tls) => tls.AuthenticateAsServerAsync(TestCertificate.ForServer());
        static Task ConnectAsync(SslStream tls) => tls.AuthenticateAsClientAsync(TestCertificate.ForClient());
        TlsStream securePeer = new(peer);
        bool isServer = role == TestedRole.Server;
        Task<TlsTransport> securing = engine == WebSocketTlsEngine.OpenSsl
            ? endpoint.ToTransport().SecureByOpenSslAsync()
            : endpoint.ToTransport().SecureAsync(isServer ? ServeAsync : ConnectAsync);
        await securePeer.AuthenticateAsync(isServer ? ConnectAsync : ServeAsync, CancellationToken.None);
        return (await securing, securePeer);
    }

    public static async Task<(TlsStream Endpoint, TlsStream Peer)> SecureAsync(
        TestedRole role, Socket endpoint, Socket peer)
    {
        TlsStream secureEndpoint = new(endpoint);
        TlsStream securePeer = new(peer);
        (TlsStream server, TlsStream client) = role == TestedRole.Server
            ? (secureEndpoint, securePeer)
            : (securePeer, secureEndpoint);
        await Task.WhenAll(
            server.AuthenticateAsync(tls => tls.AuthenticateAsServerAsync(TestCertificate.ForServer()), CancellationToken.None),
            client.AuthenticateAsync(tls => tls.AuthenticateAsClientAsync(TestCertificate.ForClient()), CancellationToken.None));
        return (secureEndpoint, securePeer);
    }
}
