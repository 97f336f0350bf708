using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>A server's and a client's connection, joined by transports, without opening handshake.</summary>
internal sealed class ConnectionPair : IAsyncDisposable
{
    private ConnectionPair(WebSocketConnection server, WebSocketConnection client, CountingPool pool)
    {
        Server = server;
        Client = client;
        Pool = pool;
    }

    public WebSocketConnection Server { get; }

    public WebSocketConnection Client { get; }

    /// <summary>Where all memory of both ends comes from.</summary>
    public CountingPool Pool { get; }

    /// <summary>Opens both ends.</summary>
    /// <param name="kind">What joins them.</param>
    /// <param name="handler">Who receives on the server; <see langword="null"/> to be asked.</param>
    /// <param name="serverOptions">What the server's end does.</param>
    /// <param name="clientOptions">What the client's end does.</param>
    /// <param name="compression">How messages are compressed; <see langword="null"/> if they are not.</param>
    public static async Task<ConnectionPair> CreateAsync(
        TransportKind kind,
        WebSocketHandler? handler = null,
        WebSocketConnectionOptions? serverOptions = null,
        WebSocketConnectionOptions? clientOptions = null,
        PerMessageDeflateOptions? compression = null)
    {
        var pool = new CountingPool();
        (Transport serverTransport, Transport clientTransport) = await JoinAsync(kind, pool);
        WebSocketConnection server = Open(
            serverTransport, Role.Server, serverOptions ?? new WebSocketConnectionOptions(), handler, pool,
            compression);
        WebSocketConnection client = Open(
            clientTransport, Role.Client, clientOptions ?? new WebSocketConnectionOptions(), null, pool, compression);
        return new ConnectionPair(server, client, pool);
    }

    /// <summary>Waits until both have ended.</summary>
    public async Task<(WebSocketCloseResult Server, WebSocketCloseResult Client)> WhenClosedAsync() =>
        (await Server.Closed.WithDeadline(), await Client.Closed.WithDeadline());

    public async ValueTask DisposeAsync()
    {
        Client.Abort();
        Server.Abort();
        await WhenClosedAsync();
    }

    private static WebSocketConnection Open(
        Transport transport, Role role, WebSocketConnectionOptions options, WebSocketHandler? handler,
        CountingPool pool, PerMessageDeflateOptions? compression)
    {
        DeadlineWheel wheel = DeadlineWheel.For(TimeProvider.System);
        var settings = new ConnectionSettings(role, options, wheel, NullLogger.Instance, pool)
        {
            Codecs = MessageCodecs.For(compression),
        };
        PerMessageDeflateParameters? agreed = compression is null ? null : new(
            compression.ServerContextTakeover == false,
            compression.ClientContextTakeover == false,
            compression.ServerMaxWindowBits,
            compression.ClientMaxWindowBits);
        var connection = new WebSocketConnection(transport, settings, handler, subprotocol: null, agreed);
        connection.Core.Start();
        transport.Start();
        return connection;
    }

    private static async Task<(Transport Server, Transport Client)> JoinAsync(TransportKind kind, CountingPool pool)
    {
        if (kind == TransportKind.Pipe)
        {
            (Stream one, Stream other) = await TransportPair.ConnectPipesAsync();
            return (new StreamTransport(one, pool), new StreamTransport(other, pool));
        }

        (Socket server, Socket client) = kind == TransportKind.EventLoopUnix
            ? await TransportPair.ConnectUnixSocketsAsync()
            : await TransportPair.ConnectSocketsAsync();
        if (kind is TransportKind.EventLoop or TransportKind.EventLoopUnix)
        {
            return (server.ToTransport(), client.ToTransport());
        }

        if (kind == TransportKind.ServerPipe)
        {
            return (SocketPipe.Over(server, pool), SocketPipe.Over(client, pool));
        }

        if (kind == TransportKind.Socket)
        {
            return (new SocketTransport(server, pool), new SocketTransport(client, pool));
        }

        if (kind is TransportKind.TlsEventLoop or TransportKind.OpenSslEventLoop)
        {
            Task<TlsTransport> serving = kind == TransportKind.OpenSslEventLoop
                ? server.ToTransport().SecureByOpenSslAsync(pool)
                : server.ToTransport().SecureAsync(tls => tls.AuthenticateAsServerAsync(TestCertificate.ForServer()), pool);
            Task<TlsTransport> connecting = client.ToTransport().SecureAsync(
                tls => tls.AuthenticateAsClientAsync(TestCertificate.ForClient()), pool);
            return (await serving.WithDeadline(), await connecting.WithDeadline());
        }

        if (kind == TransportKind.Tls)
        {
            var serverTls = new TlsStream(server);
            var clientTls = new TlsStream(client);
            await Task.WhenAll(
                serverTls.AuthenticateAsync(
                    tls => tls.AuthenticateAsServerAsync(TestCertificate.ForServer()), default),
                clientTls.AuthenticateAsync(
                    tls => tls.AuthenticateAsClientAsync(TestCertificate.ForClient()), default)).WithDeadline();
            return (
                new StreamTransport(serverTls, pool, endOutput: serverTls.EndOutputAsync),
                new StreamTransport(clientTls, pool, endOutput: clientTls.EndOutputAsync));
        }

        Stream serverStream = new NetworkStream(server, ownsSocket: true);
        Stream clientStream = new NetworkStream(client, ownsSocket: true);
        return (
            new StreamTransport(serverStream, pool, endOutput: () => EndOutputAsync(server)),
            new StreamTransport(clientStream, pool, endOutput: () => EndOutputAsync(client)));
    }

    private static ValueTask EndOutputAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        return default;
    }
}
