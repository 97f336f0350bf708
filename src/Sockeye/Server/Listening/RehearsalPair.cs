using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sockeye.Protocol;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Server.Listening;

/// <summary>A transport of a server and the client at its other end, in one process: socketpair(2).</summary>
internal sealed class RehearsalPair : IDisposable
{
    private RehearsalPair(Transport transport, Stream client)
    {
        Transport = transport;
        Client = client;
    }

    /// <summary>The server's end.</summary>
    public Transport Transport { get; }

    /// <summary>The client's end.</summary>
    public Stream Client { get; }

    /// <summary>Creates a pair whose transport is served by a loop.</summary>
    public static RehearsalPair OpenLoop(EventLoop loop)
    {
        (int server, int client) = LibC.OpenSocketPair();
        return new(new EventLoopTransport(loop, new Descriptor(server), default), StreamOf(client));
    }

    /// <summary>Creates a pair whose transport is an asynchronous socket.</summary>
    public static RehearsalPair OpenSocket()
    {
        (int server, int client) = LibC.OpenSocketPair();
        return new(new SocketTransport(SocketOf(server), ArrayPool<byte>.Shared), StreamOf(client));
    }

    /// <summary>Creates a pair, and conducts the TLS handshake.</summary>
    public static async Task<RehearsalPair> OpenTlsAsync()
    {
        (int serverDescriptor, int clientDescriptor) = LibC.OpenSocketPair();
        using X509Certificate2 certificate = MakeCertificate();
        var server = new TlsStream(SocketOf(serverDescriptor));
        var client = new SslStream(StreamOf(clientDescriptor));
        var serverOptions = new SslServerAuthenticationOptions { ServerCertificate = certificate };
        var clientOptions = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown?.GetCertHashString(HashAlgorithmName.SHA256) == certificate.GetCertHashString(HashAlgorithmName.SHA256),
        };
        await Task.WhenAll(
            server.AuthenticateAsync(secure => secure.AuthenticateAsServerAsync(serverOptions), default),
            client.AuthenticateAsClientAsync(clientOptions)).ConfigureAwait(false);
        return new(new StreamTransport(server, ArrayPool<byte>.Shared, endOutput: server.EndOutputAsync), client);
    }

    /// <summary>Opens a connection, sends a compressed message, closes, and reads to the end.</summary>
    public static async Task OpenAndCloseAsync(Stream client)
    {
        await client.WriteAsync(Request("Sec-WebSocket-Extensions: permessage-deflate\r\n")).ConfigureAwait(false);
        byte[] next = new byte[1];
        var head = new HeadEndFinder();
        while (await client.ReadAsync(next).ConfigureAwait(false) > 0 && head.EndIn(next) is null)
        {
        }

        // "Hello" (RFC 7692 §7.2.3.1), then Close 1000; both masked with zeros.
        byte[] frames = [0xC1, 0x87, 0, 0, 0, 0, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8];
        await client.WriteAsync(frames).ConfigureAwait(false);
        await client.CopyToAsync(Stream.Null).ConfigureAwait(false);
    }

    /// <summary>Sends a request that is rejected, and reads to the end.</summary>
    public static async Task AskForPageAsync(Stream client)
    {
        await client.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray()).ConfigureAwait(false);
        await client.CopyToAsync(Stream.Null).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Client.Dispose();
        Transport.Abort(error: null);
    }

    private static Socket SocketOf(int descriptor) => new(new SafeSocketHandle(descriptor, ownsHandle: true));

    private static NetworkStream StreamOf(int descriptor) => new(SocketOf(descriptor), ownsSocket: true);

    private static byte[] Request(string extensions) => Encoding.ASCII.GetBytes(
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + extensions + "\r\n");

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
