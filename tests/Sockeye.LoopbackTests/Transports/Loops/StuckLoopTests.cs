using Microsoft.Extensions.Logging;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A handler that hangs blocks only its own loop.</summary>
public sealed class StuckLoopTests : IDisposable
{
    private const int ConnectionHeldUp = 208;
    private const int ConnectionStuck = 214;
    private const int HandshakeStuck = 114;
    private const int StopLeftApplication = 307;
    private const byte Stick = 1;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _released = new();
    private readonly CapturingLoggerFactory _log = new();

    public StuckLoopTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    public void Dispose()
    {
        _released.Set();
        _released.Dispose();
    }

    [Fact]
    public async Task A_hanging_callback_is_logged_with_its_connection_while_it_hangs()
    {
        long id = 0;
        await using WebSocketServer server = await StartAsync(loops: 1, connection => id = connection.Id);
        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint);

        await peer.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => Entries(ConnectionStuck).Length != 0, "the warning");

        CapturingLoggerFactory.LogEntry entry = Entries(ConnectionStuck)[0];
        Assert.False(_released.IsSet);
        Assert.Equal(LogLevel.Warning, entry.Level);
        Assert.Contains($"connection {id} has kept", entry.Message, StringComparison.Ordinal);
        Assert.Empty(Entries(ConnectionHeldUp));
        _released.Set();
        await Deadlines.UntilAsync(() => Entries(ConnectionHeldUp).Length != 0, "the warning at the end");
    }

    [Fact]
    public async Task A_hanging_selection_is_logged_with_the_client_address_while_it_hangs()
    {
        await using WebSocketServer server = await Servers.StartAsync(Options(loops: 1), _ =>
        {
            _released.Wait(Deadlines.Deadline);
            return new EchoHandler();
        });
        using RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await peer.SendAsync(RawPeer.Request());
        await Deadlines.UntilAsync(() => Entries(HandshakeStuck).Length != 0, "the warning");

        Assert.Contains($"{peer.LocalEndPoint}", Entries(HandshakeStuck)[0].Message, StringComparison.Ordinal);
        _released.Set();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task If_any_loop_is_stuck_the_others_accept_and_serve_all_clients(int stuck)
    {
        const int Loops = 3;
        await using WebSocketServer server = await StartAsync(Loops);
        var first = new List<RawPeer>();
        for (int count = 0; count < Loops; count++)
        {
            first.Add(await RawPeer.OpenAsync(server.LocalEndPoint));
        }

        await first[stuck].SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => Entries(ConnectionStuck).Length != 0, "the loop is stuck");
        for (int count = 0; count < 3 * Loops; count++)
        {
            using RawPeer late = await RawPeer.OpenAsync(server.LocalEndPoint);
            await late.SendMaskedAsync(RawFrame.Binary, 7);
            Assert.Equal((byte[])[7], (await late.ReadFrameAsync()).Payload);
        }

        _released.Set();
        first.ForEach(peer => peer.Dispose());
    }

    // As if the kernel had told the loop of the connection just before it got stuck: it tells one loop of each.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_loop_accepts_a_connection_signaled_only_to_a_stuck_loop(bool loggerBlocks)
    {
        using var blocked = new ManualResetEventSlim();
        if (loggerBlocks)
        {
            BlockLoggingOf(ConnectionStuck, blocked);
        }

        var calls = new SystemCallsThatTellOneLoop();
        int stuck = 0;
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Options(loops: 2) with { EventLoop = EventLoopOptions.Default with { Count = 2, Calls = calls } },
            new CallbackHandler
            {
                Received = (connection, payload) =>
                {
                    if (payload is [Stick] && Environment.CurrentManagedThreadId == calls.AcceptingThreadId)
                    {
                        Volatile.Write(ref stuck, 1);
                        _released.Wait(Deadlines.Deadline);
                    }
                    else
                    {
                        connection.TrySend(payload);
                    }
                },
            });
        using RawPeer first = await RawPeer.OpenAsync(server.LocalEndPoint);
        using RawPeer second = await RawPeer.OpenAsync(server.LocalEndPoint);
        await first.SendMaskedAsync(RawFrame.Binary, Stick);
        await second.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => Volatile.Read(ref stuck) != 0, "the loop that accepts is stuck");
        await Deadlines.UntilAsync(() => blocked.IsSet || !loggerBlocks, "the logger blocks");

        using RawPeer late = await RawPeer.OpenAsync(server.LocalEndPoint);

        Assert.False(_released.IsSet);
        _released.Set();
    }

    [Fact]
    public async Task A_blocking_logger_does_not_prevent_logging_of_other_stuck_loops()
    {
        using var blocked = new ManualResetEventSlim();
        BlockLoggingOf(ConnectionStuck, blocked);
        await using WebSocketServer server = await StartAsync(loops: 1);
        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint);
        await peer.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => blocked.IsSet, "the logger blocks");

        var otherLog = new CapturingLoggerFactory();
        await using WebSocketServer other = await WebSocketServer.StartAsync(
            Options(loops: 1) with { LoggerFactory = otherLog },
            new CallbackHandler { Received = (_, _) => _released.Wait(Deadlines.Deadline) });
        using RawPeer otherPeer = await RawPeer.OpenAsync(other.LocalEndPoint);
        await otherPeer.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(
            () => otherLog.Entries.Any(entry => entry.EventId == ConnectionStuck), "the warning of the other server");

        Assert.False(_released.IsSet);
        Assert.Empty(Entries(ConnectionStuck));
        _released.Set();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_stop_ends_in_time_while_a_handler_hangs(int loops)
    {
        WebSocketServer server = await StartAsync(loops);
        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint);
        await peer.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => Entries(ConnectionStuck).Length != 0, "the loop is stuck");

        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = Moment }).WithDeadline();

        Assert.False(_released.IsSet);
        Assert.True(server.Completion.IsCompletedSuccessfully);
        Assert.Single(Entries(StopLeftApplication));
        await server.DisposeAsync().WithDeadline();
        await Assert.ThrowsAnyAsync<Exception>(() => RawPeer.ConnectAsync(server.LocalEndPoint));
    }

    [Fact]
    public async Task A_canceled_token_ends_a_stop_while_a_handler_hangs()
    {
        WebSocketServer server = await StartAsync(loops: 1);
        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint);
        await peer.SendMaskedAsync(RawFrame.Binary, Stick);
        await Deadlines.UntilAsync(() => Entries(ConnectionStuck).Length != 0, "the loop is stuck");
        using var patience = new CancellationTokenSource();

        Task stopping = server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) }, patience.Token);
        await patience.CancelAsync();
        await stopping.WithDeadline();

        Assert.False(_released.IsSet);
    }

    // Only the first loop that watches the listening socket hears of it.
    private sealed class SystemCallsThatTellOneLoop : SystemCalls
    {
        private int _told;
        private int _accepting;

        /// <summary>Where a connection was accepted first.</summary>
        public int AcceptingThreadId => Volatile.Read(ref _accepting);

        public override int ControlEpoll(
            int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data) =>
            (events & EpollEvents.Exclusive) != 0 && Interlocked.CompareExchange(ref _told, epoll, 0) is not 0 and var told
                && told != epoll
                ? 0
                : base.ControlEpoll(epoll, operation, descriptor, events, data);

        public override int Accept(int listener, out SocketAddress peer)
        {
            int result = base.Accept(listener, out peer);
            if (result >= 0)
            {
                Interlocked.CompareExchange(ref _accepting, Environment.CurrentManagedThreadId, 0);
            }

            return result;
        }
    }

    private Task<WebSocketServer> StartAsync(int loops, Action<WebSocketConnection>? opened = null) =>
        WebSocketServer.StartAsync(Options(loops), new CallbackHandler
        {
            Opened = opened ?? (static _ => { }),
            Received = (connection, payload) =>
            {
                if (payload is [Stick])
                {
                    _released.Wait(Deadlines.Deadline);
                }
                else
                {
                    connection.TrySend(payload);
                }
            },
        });

    private void BlockLoggingOf(int eventId, ManualResetEventSlim blocked) => _log.Logging = id =>
    {
        if (id == eventId)
        {
            blocked.Set();

            // Longer than what the test itself waits for.
            _released.Wait(2 * Deadlines.Deadline);
        }
    };

    private CapturingLoggerFactory.LogEntry[] Entries(int eventId) =>
        [.. _log.Entries.Where(entry => entry.EventId == eventId)];

    private WebSocketServerOptions Options(int loops) => new()
    {
        EndPoint = Servers.Loopback,
        EventLoop = EventLoopOptions.Default with { Count = loops },
        LoggerFactory = _log,
    };
}
