using System.Net.Security;
using System.Security.Authentication;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>A connection over TLS on an event loop, and a raw peer whose ciphertext the test has at hand.</summary>
internal sealed class TappedTls : IAsyncDisposable
{
    private readonly WebSocketServer? _server;
    private readonly RawPeer _plain;

    private TappedTls(WebSocketServer? server, WebSocketConnection connection, RawPeer plain, CiphertextTap tap, RawPeer peer)
    {
        _server = server;
        Connection = connection;
        _plain = plain;
        Tap = tap;
        Peer = peer;
    }

    /// <summary>The connection under test.</summary>
    public WebSocketConnection Connection { get; }

    /// <summary>The other end, above TLS.</summary>
    public RawPeer Peer { get; }

    /// <summary>The peer's TLS.</summary>
    public SslStream Tls => (SslStream)Peer.Stream;

    /// <summary>What is below it.</summary>
    public CiphertextTap Tap { get; }

    /// <summary>The transport under test.</summary>
    public TlsTransport Transport => Assert.IsType<TlsTransport>(Connection.Core.Transport);

    /// <summary>Opens a connection.</summary>
    /// <param name="end">Which end is under test.</param>
    /// <param name="version">The version of TLS.</param>
    /// <param name="pieceLength">In pieces of which length the peer sends its part of the handshakes.</param>
    /// <param name="options">The options of the connection.</param>
    public static async Task<TappedTls> OpenAsync(
        TappedEnd end, SslProtocols version = SslProtocols.None, int pieceLength = int.MaxValue, WebSocketConnectionOptions? options = null)
    {
        Assert.SkipWhen(ServerKind.TlsEventLoop.WhyNot() is not null, LoopSockets.NotSupported);
        Assert.SkipWhen(end == TappedEnd.OpenSslServer && LoopTls.WhyNoOpenSsl is not null, "OpenSSL cannot be used here.");
        options ??= new WebSocketConnectionOptions();
        return end != TappedEnd.Client ? await OpenServerAsync(KindOf(end), version, pieceLength, options) : await OpenClientAsync(version, pieceLength, options);
    }

    /// <summary>A frame as the peer sends it: masked for a server.</summary>
    public byte[] Frame(byte first, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = RawFrame.Bytes(first, payload);
        return _server is null ? frame : Wire.Masked(frame);
    }

    /// <summary>Encrypts what the peer would send.</summary>
    /// <returns>The records, which were not sent.</returns>
    public async Task<byte[]> EncryptAsync(ReadOnlyMemory<byte> plaintext)
    {
        Tap.IsHolding = true;
        await Tls.WriteAsync(plaintext).WithDeadline();
        Tap.IsHolding = false;
        return Tap.Take();
    }

    /// <summary>Sends ciphertext, or other bytes, and waits until the loop has read them.</summary>
    public async Task SendAsync(byte[] ciphertext)
    {
        await Tap.SendAsync(ciphertext);
        await Transport.Loop.TurnAsync();
    }

    /// <summary>From now on each piece is read before the next is sent.</summary>
    public void SendInPieces(int length)
    {
        Tap.PieceLength = length;
        Tap.Sent = Transport.Loop.TurnAsync;
    }

    /// <summary>The peer's socket ends its direction.</summary>
    public void EndOutput() => _plain.EndOutput();

    public async ValueTask DisposeAsync()
    {
        Connection.Abort();
        Peer.Dispose();
        _plain.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static ServerKind KindOf(TappedEnd end) =>
        end == TappedEnd.OpenSslServer ? ServerKind.OpenSslEventLoop : ServerKind.TlsEventLoop;

    private static async Task<TappedTls> OpenServerAsync(
        ServerKind kind, SslProtocols version, int pieceLength, WebSocketConnectionOptions options)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind) with { Connection = options },
            (connection, _) =>
            {
                opened.SetResult(connection);
                return connection.Closed;
            });
        RawPeer plain = await RawPeer.ConnectAsync(server.LocalEndPoint);
        var tap = new CiphertextTap(plain.Stream) { PieceLength = pieceLength };
        var tls = new SslStream(tap);
        SslClientAuthenticationOptions client = TestCertificate.ForClient();
        client.EnabledSslProtocols = version;
        await tls.AuthenticateAsClientAsync(client).WithDeadline();
        RawPeer peer = plain.Over(tls);
        await peer.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        return new TappedTls(server, await opened.Task.WithDeadline(), plain, tap, peer);
    }

    private static async Task<TappedTls> OpenClientAsync(SslProtocols version, int pieceLength, WebSocketConnectionOptions options)
    {
        using var listener = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{listener.Port}/",
            new WebSocketClientOptions { Tls = TestCertificate.ForClient(), UseProxy = false, Connection = options });
        RawPeer plain = await listener.AcceptAsync();
        var tap = new CiphertextTap(plain.Stream) { PieceLength = pieceLength };
        var tls = new SslStream(tap);
        SslServerAuthenticationOptions serving = TestCertificate.ForServer();
        serving.EnabledSslProtocols = version;
        await tls.AuthenticateAsServerAsync(serving).WithDeadline();
        RawPeer peer = plain.Over(tls);
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        return new TappedTls(null, await connecting.WithDeadline(), plain, tap, peer);
    }
}
