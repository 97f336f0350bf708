using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>An attempt to connect that fails or is canceled leaks no descriptor, in every phase.</summary>
// Alone, since it counts what the whole process has.
[CollectionDefinition(nameof(ClientAttemptTests), DisableParallelization = true)]
[Collection(nameof(ClientAttemptTests))]
public sealed class ClientAttemptTests : IAsyncLifetime
{
    private int _descriptors;

    public async ValueTask InitializeAsync()
    {
        // What is opened once for the whole process is not to be counted.
        await using (WebSocketServer server = await Servers.StartEchoAsync())
        {
            foreach (ClientKind kind in Clients.Kinds)
            {
                await using WebSocketConnection client =
                    await WebSocketClient.ConnectAsync(server.Address(), kind.Options());
            }
        }

        _descriptors = Descriptors.Count();
    }

    public ValueTask DisposeAsync() => default;

    [Theory]
    [EachClient]
    public async Task A_token_canceled_in_advance_prevents_any_attempt(ClientKind kind)
    {
        using var server = new RawServer();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WebSocketClient.ConnectAsync(
            server.Address, kind.Options(), new CancellationToken(canceled: true)).WithDeadline());

        Assert.False(server.HasPending);
        server.Dispose();
        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [EachClient(false)]
    [EachClient(true)]
    public async Task An_attempt_is_canceled_while_the_server_does_not_accept(ClientKind kind, bool isTimeout)
    {
        using (var deaf = new DeafServer())
        {
            await AssertGivenUpAsync(
                kind, deaf.Address, isTimeout,
                () => Deadlines.UntilAsync(() => deaf.HasKnocking, "the socket that connects"));

            // Now, and not when the server answers at last, or is gone.
            await Deadlines.UntilAsync(() => !deaf.HasKnocking, "the socket is closed");
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [EachClient("", false)]
    [EachClient("", true)]
    [EachClient("HTTP/1.1 101 Switching Protocols\r\nUpgr", false)]
    [EachClient("HTTP/1.1 103 Early Hints\r\n\r\n", false)]
    public async Task An_attempt_is_canceled_while_the_response_is_incomplete(
        ClientKind kind, string answer, bool isTimeout)
    {
        using (var server = new RawServer())
        {
            RawPeer? peer = null;
            await AssertGivenUpAsync(kind, server.Address, isTimeout, async () =>
            {
                (peer, _) = await server.AcceptAsync();
                await peer.SendAsync(answer);
            });
            Assert.Equal("", await peer!.ReadToEndAsync());
            peer.Dispose();
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [EachClient]
    public async Task An_attempt_is_canceled_while_the_body_of_a_rejection_arrives(ClientKind kind)
    {
        using (var server = new RawServer())
        {
            using var cancellation = new CancellationTokenSource();
            Task<WebSocketConnection> connecting =
                WebSocketClient.ConnectAsync(server.Address, kind.Options(), cancellation.Token);
            (RawPeer peer, _) = await server.AcceptAsync();
            await peer.SendAsync("HTTP/1.1 500 Said\r\nContent-Length: 100\r\n\r\nbegun");

            await cancellation.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
            Assert.Equal("", await peer.ReadToEndAsync());
            peer.Dispose();
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [EachClient("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")]
    [EachClient("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n")]
    [EachClient("HTTP/1.1 302 There\r\nLocation: /there\r\n\r\n")]
    [EachClient("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [EachClient("SSH-2.0-OpenSSH\r\n")]
    [EachClient("")]
    public async Task A_wrong_response_leaks_nothing(ClientKind kind, string answer)
    {
        using (var server = new RawServer())
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
            (RawPeer peer, _) = await server.AcceptAsync();
            await peer.SendAsync(answer);
            peer.EndOutput();
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
            Assert.Equal("", await peer.ReadToEndAsync());
            peer.Dispose();
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [EachClient("127.0.0.1")]
    [EachClient("localhost")]
    public async Task All_addresses_unreachable_is_NotReachable(ClientKind kind, string host)
    {
        WebSocketHandshakeException thrown;

        // Bound, so that no other process is given the port, and not listening.
        using (var bound = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true })
        {
            bound.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(
                $"ws://{host}:{((IPEndPoint)bound.LocalEndPoint!).Port}/", kind.Options()).WithDeadline());
        }

        Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        SocketException cause = Assert.IsType<SocketException>(thrown.GetBaseException());
        Assert.Equal(SocketError.ConnectionRefused, cause.SocketErrorCode);
        await AssertNothingIsLeftAsync();
    }

    private static async Task AssertGivenUpAsync(
        ClientKind kind, Uri address, bool isTimeout, Func<Task> whenItHasComeSoFar)
    {
        var time = new ManualTimeProvider();
        using var cancellation = new CancellationTokenSource();
        var options = new WebSocketClientOptions { UseEventLoop = kind.UsesEventLoop(), TimeProvider = time };
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(address, options, cancellation.Token);
        await whenItHasComeSoFar();

        if (isTimeout)
        {
            time.Advance(options.HandshakeTimeout);
            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
            Assert.Equal(WebSocketHandshakeError.TimedOut, thrown.Error);
        }
        else
        {
            await cancellation.CancelAsync();
            OperationCanceledException thrown =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
            Assert.Equal(cancellation.Token, thrown.CancellationToken);
        }

        Assert.Equal(0, time.TimerCount);
    }

    private Task AssertNothingIsLeftAsync() =>
        Deadlines.UntilAsync(() => Descriptors.Count() <= _descriptors, "all descriptors are closed");

    /// <summary>A server whose backlog is full: the next client gets no reply.</summary>
    private sealed class DeafServer : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly Socket _first = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public DeafServer()
        {
            // Linux lets one wait beyond what is asked for.
            _listener.Bind(Servers.Loopback);
            _listener.Listen(0);
            _first.Connect(_listener.LocalEndPoint!);
        }

        public Uri Address => new($"ws://{_listener.LocalEndPoint}/");

        /// <summary>Whether a client is connecting.</summary>
        public bool HasKnocking => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(connection =>
            connection.State == TcpState.SynSent && connection.RemoteEndPoint.Port == Address.Port);

        public void Dispose()
        {
            _first.Dispose();
            _listener.Dispose();
        }
    }
}
