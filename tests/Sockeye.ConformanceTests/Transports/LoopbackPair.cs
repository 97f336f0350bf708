using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Two ends of a TCP connection on the loopback interface.</summary>
/// <param name="Endpoint">The end of the endpoint under test.</param>
/// <param name="Peer">The end of the peer.</param>
internal sealed record LoopbackPair(Socket Endpoint, Socket Peer)
{
    private const string ServerName = "sockeye.test";

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

    public static async Task<(TlsStream Endpoint, TlsStream Peer)> SecureAsync(
        TestedRole role, Socket endpoint, Socket peer, X509Certificate2 certificate)
    {
        TlsStream secureEndpoint = new(endpoint);
        TlsStream securePeer = new(peer);
        (TlsStream server, TlsStream client) = role == TestedRole.Server
            ? (secureEndpoint, securePeer)
            : (securePeer, secureEndpoint);
        SslServerAuthenticationOptions serverOptions = new()
        {
            ServerCertificate = certificate,
            EnabledSslProtocols = SslProtocols.None,
        };
        SslClientAuthenticationOptions clientOptions = new()
        {
            TargetHost = ServerName,
            RemoteCertificateValidationCallback = (_, presented, _, _) =>
                presented?.GetCertHashString() == certificate.GetCertHashString(),
        };
        await Task.WhenAll(
            server.AuthenticateAsync(tls => tls.AuthenticateAsServerAsync(serverOptions), CancellationToken.None),
            client.AuthenticateAsync(tls => tls.AuthenticateAsClientAsync(clientOptions), CancellationToken.None));
        return (secureEndpoint, securePeer);
    }

    /// <summary>A certificate for one day that only these tests trust.</summary>
    public static X509Certificate2 CreateCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={ServerName}", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }
}
