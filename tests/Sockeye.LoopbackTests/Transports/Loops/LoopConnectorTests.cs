using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

// Alone, since it looks at descriptors whose numbers others might be given meanwhile.
[CollectionDefinition(nameof(LoopConnectorTests), DisableParallelization = true)]
[Collection(nameof(LoopConnectorTests))]
public sealed class LoopConnectorTests : IAsyncLifetime
{
    private readonly ConnectingSystemCalls _calls = new();
    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System, _calls);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            // It ends only when it watches nothing any more.
            await _loop.StopAsync();
        }
    }

    [Theory]
    [InlineData(nameof(SystemCalls.OpenSocket), Errno.TooManyOpenFiles, SocketError.TooManyOpenSockets)]
    [InlineData(nameof(SystemCalls.Connect), Errno.NetworkUnreachable, SocketError.NetworkUnreachable)]
    [InlineData(nameof(SystemCalls.ControlEpoll), Errno.NoSpace, SocketError.NoBufferSpaceAvailable)]
    [InlineData(nameof(SystemCalls.ConnectError), Errno.ConnectionRefused, SocketError.ConnectionRefused)]
    [InlineData(nameof(SystemCalls.ConnectError), Errno.HostUnreachable, SocketError.HostUnreachable)]
    public async Task A_failed_system_call_is_reported_and_leaks_nothing(string call, int errno, SocketError expected)
    {
        using Socket listener = Listen(Servers.Loopback);
        _calls.Fail(call, errno);

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => LoopConnector.ConnectAsync(Loop, listener.LocalEndPoint!, default).WithDeadline());

        Assert.Equal(expected, thrown.SocketErrorCode);
        Assert.All(_calls.Opened, descriptor => Assert.False(Descriptors.IsSocket(descriptor), "a descriptor is left"));
    }

    [Fact]
    public async Task An_attempt_canceled_before_the_loop_serves_it_leaks_nothing()
    {
        using Socket listener = Listen(Servers.Loopback);
        using var cancellation = new CancellationTokenSource();
        using var held = new ManualResetEventSlim();
        Loop.Post(new LoopSource { Posted = () => Assert.True(held.Wait(Deadlines.Deadline), "the loop is held") });
        Task<EventLoopTransport> connecting =
            LoopConnector.ConnectAsync(Loop, listener.LocalEndPoint!, cancellation.Token);

        await cancellation.CancelAsync();
        held.Set();

        OperationCanceledException thrown =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
        Assert.False(Descriptors.IsSocket(Assert.Single(_calls.Opened)), "a descriptor is left");
    }

    [Fact]
    public async Task A_token_canceled_after_completion_has_no_effect()
    {
        using Socket listener = Listen(Servers.Loopback);
        using var cancellation = new CancellationTokenSource();
        EventLoopTransport transport =
            await LoopConnector.ConnectAsync(Loop, listener.LocalEndPoint!, cancellation.Token).WithDeadline();

        await cancellation.CancelAsync();

        await AssertConnectedAsync(transport, listener);
    }

    // There connect(2) is over at once, and the loop has nothing to watch.
    [Fact]
    public async Task A_Unix_socket_connects_at_once()
    {
        using Socket listener = Listen(new UnixDomainSocketEndPoint($"\0sockeye-{Guid.NewGuid():N}"));

        EventLoopTransport transport =
            await LoopConnector.ConnectAsync(Loop, listener.LocalEndPoint!, default).WithDeadline();

        await AssertConnectedAsync(transport, listener);
    }

    private static Socket Listen(EndPoint endPoint)
    {
        ProtocolType protocol = endPoint is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;
        var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        listener.Bind(endPoint);
        listener.Listen();
        return listener;
    }

    private static async Task AssertConnectedAsync(EventLoopTransport transport, Socket listener)
    {
        var sink = new RecordingSink();
        transport.Sink = sink;
        transport.Start();
        using (Socket peer = await listener.AcceptAsync().WithDeadline())
        {
            peer.Send([1, 2, 3]);
            await sink.WhenReceived(3).WithDeadline();
        }

        await sink.WhenInputEnded().WithDeadline();
        transport.Close();
        await sink.WhenClosed().WithDeadline();
        Assert.Empty(sink.Violations);
    }

    /// <summary>System calls, one of which fails each time.</summary>
    private sealed class ConnectingSystemCalls : SystemCalls
    {
        private readonly List<int> _opened = [];
        private string _failing = "";
        private int _errno;

        public IReadOnlyList<int> Opened => _opened;

        public void Fail(string call, int errno)
        {
            _errno = errno;
            _failing = call;
        }

        public override int OpenSocket(AddressFamily family)
        {
            if (_failing == nameof(OpenSocket))
            {
                return -_errno;
            }

            int descriptor = base.OpenSocket(family);
            _opened.Add(descriptor);
            return descriptor;
        }

        public override int Connect(int descriptor, ReadOnlySpan<byte> address) =>
            _failing == nameof(Connect) ? -_errno : base.Connect(descriptor, address);

        public override int ConnectError(int descriptor) =>
            _failing == nameof(ConnectError) ? _errno : base.ConnectError(descriptor);

        public override int ControlEpoll(
            int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data) =>
            _failing == nameof(ControlEpoll) ? -_errno : base.ControlEpoll(epoll, operation, descriptor, events, data);
    }
}
