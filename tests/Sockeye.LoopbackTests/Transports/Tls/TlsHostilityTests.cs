using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Client;
using Sockeye.Server.Listening;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Peers and handlers that do what TLS in place on an event loop must withstand.</summary>
public sealed class TlsHostilityTests
{
    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_renegotiation_that_comes_with_the_response_blocks_nothing()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(Servers.Loopback);
        listener.Listen();
        SslClientAuthenticationOptions clientTls = TestCertificate.ForClient();
        clientTls.EnabledSslProtocols = SslProtocols.Tls12;
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            new Uri($"wss://{listener.LocalEndPoint}/"), new WebSocketClientOptions { Tls = clientTls });
        Socket socket = await listener.AcceptAsync().WithDeadline();
        var holding = new HoldingStream(new NetworkStream(socket, ownsSocket: true));
        var tls = new SslStream(holding);
        using var peer = new RawPeer(socket, tls);
        SslServerAuthenticationOptions options = TestCertificate.ForServer();
        options.AllowRenegotiation = true;
        await tls.AuthenticateAsServerAsync(options).WithDeadline();
        string request = await peer.ReadHeadAsync();

        // The request for a handshake leaves with the response, and the peer then says nothing more.
        holding.Hold();
        await peer.SendAsync(RawServer.Accepting(request));
        int responseLength = holding.HeldLength;
        holding.StopReads();
        Task negotiating = tls.NegotiateClientCertificateAsync();
        await Deadlines.UntilAsync(() => holding.HeldLength > responseLength, "the renegotiation has begun");
        await holding.ReleaseAsync();
        WebSocketConnection client = await connecting.WithDeadline();

        await Task.Run(() => client.TrySend("hello")).WithDeadline();
        client.Abort();
        await client.Closed.WithDeadline();
        Assert.False(negotiating.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_context_that_a_handler_leaves_behind_does_not_reach_other_handshakes()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(ServerKind.TlsEventLoop) with { EventLoop = EventLoopOptions.Default with { Count = 1 } },
            new ContextLeaver());
        using RawPeer first = await RawPeer.OpenTlsAsync(server.LocalEndPoint);
        await first.SendMaskedAsync(RawFrame.Text, (byte)'a');
        await first.ReadFrameAsync();

        using RawPeer second = await RawPeer.OpenTlsAsync(server.LocalEndPoint).WithDeadline();
        await first.SendMaskedAsync(RawFrame.Text, (byte)'b');
        Assert.Equal("done", (await first.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [InlineData(ServerKind.Tls, false)]
    [InlineData(ServerKind.Tls, true)]
    [InlineData(ServerKind.TlsEventLoop, false)]
    [InlineData(ServerKind.TlsEventLoop, true)]
    [InlineData(ServerKind.OpenSslEventLoop, false)]
    [InlineData(ServerKind.OpenSslEventLoop, true)]
    public async Task A_long_request_without_TLS_gets_400(ServerKind kind, bool requiresCertificate)
    {
        Assert.SkipWhen(kind.WhyNot() is not null, "This kind of server is not available here.");
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.ClientCertificateRequired = requiresCertificate;
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { Tls = tls });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        const int length = 8 * 1024 * 1024;

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        await client.Stream.WriteAsync(new byte[length]).AsTask().WithDeadline();

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServerKind.Tls)]
    [InlineData(ServerKind.TlsEventLoop)]
    [InlineData(ServerKind.OpenSslEventLoop)]
    public async Task A_client_that_sends_one_letter_of_HTTP_is_dropped_after_a_second(ServerKind kind)
    {
        Assert.SkipWhen(kind.WhyNot() is not null, "This kind of server is not available here.");
        WebSocketServerOptions options = Servers.OptionsOf(kind) with { HandshakeTimeout = TimeSpan.FromHours(1) };
        await using WebSocketServer server = await Servers.StartEchoAsync(options);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync("G");

        Assert.Equal("", await client.ReadToEndAsync().WithDeadline());
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream)]
    [InlineData(WebSocketTlsEngine.OpenSsl)]
    public async Task A_handshake_that_gives_way_as_it_completes_keeps_no_descriptor(WebSocketTlsEngine engine)
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        Assert.SkipWhen(engine == WebSocketTlsEngine.OpenSsl && LoopTls.WhyNoOpenSsl is not null, "OpenSSL cannot be used here.");
        for (int round = 0; round < 300; round++)
        {
            (Socket socket, Socket peerSocket) = await TransportPair.ConnectSocketsAsync();
            var endPoint = new WebSocketEndPoint(Servers.Loopback) { Tls = TestCertificate.ForServer() };
            using TlsClient client = engine == WebSocketTlsEngine.OpenSsl
                ? new LoopOpenSslClient(socket.ToTransport(), endPoint, TimeProvider.System, System.Buffers.ArrayPool<byte>.Shared)
                : new LoopTlsClient(socket.ToTransport(), System.Buffers.ArrayPool<byte>.Shared);
            using var peer = new SslStream(new NetworkStream(peerSocket, ownsSocket: true));
            Task authenticating = peer.AuthenticateAsClientAsync(TestCertificate.ForClient());
            var selection = new TlsSelection(NullLogger.Instance, endPoint, remote: null);
            await client.AuthenticateAsync(selection, CancellationToken.None).WithDeadline();
            await authenticating.WithDeadline();
            using var start = new Barrier(2);
            int spin = round % 50 * 10;
            Task givingWay = Task.Run(() =>
            {
                start.SignalAndWait();
                Thread.SpinWait(spin);
                client.Dispose();
            });
            await Task.Run(() =>
            {
                start.SignalAndWait();
                try
                {
                    Transport transport = client.Secure();
                    transport.Sink = new RecordingSink();
                    transport.Start();
                }
                catch (Exception exception) when (exception is ObjectDisposedException or IOException)
                {
                    client.Dispose();
                }
            });
            await givingWay.WithDeadline();

            // The end or a reset: the descriptor is closed.
            try
            {
                Assert.Equal(0, await peer.ReadAsync(new byte[1]).AsTask().WithDeadline());
            }
            catch (IOException)
            {
            }
        }
    }

    [Fact]
    public async Task A_zero_byte_read_of_a_response_completes_while_bytes_are_kept()
    {
        var pipe = new Pipe();
        await using var bounded = new BoundedStream(pipe.Reader.AsStream(), new HeadBoundary());
        await pipe.Writer.WriteAsync("HTTP/1.1 200 OK\r\n\r\nbody"u8.ToArray());
        Assert.Equal(19, await bounded.ReadAsync(new byte[100]).AsTask().WithDeadline());

        Assert.Equal(0, await bounded.ReadAsync(Memory<byte>.Empty).AsTask().WithDeadline());
        Assert.Equal(4, await bounded.ReadAsync(new byte[100]).AsTask().WithDeadline());
    }

    private sealed class ContextLeaver : WebSocketHandler
    {
        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            SynchronizationContext.SetSynchronizationContext(new Foreign());
            connection.TrySend("done");
        }

        private sealed class Foreign : SynchronizationContext;
    }

    /// <summary>Gathers what is written, on request, and stops reads.</summary>
    private sealed class HoldingStream(Stream below) : AsyncStream
    {
        private readonly TaskCompletionSource<int> _never = new();
        private MemoryStream? _held;
        private bool _hasStopped;

        public int HeldLength => (int)(_held?.Length ?? 0);

        public void Hold() => _held = new MemoryStream();

        public void StopReads() => _hasStopped = true;

        public async Task ReleaseAsync()
        {
            byte[] all = _held!.ToArray();
            _held = null;
            await below.WriteAsync(all);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _hasStopped ? new ValueTask<int>(_never.Task) : below.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            (_held ?? below).WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                below.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
