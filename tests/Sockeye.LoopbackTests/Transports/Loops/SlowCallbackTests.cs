using Microsoft.Extensions.Logging;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A callback that blocks a loop is logged.</summary>
public sealed class SlowCallbackTests
{
    private const int ConnectionHeldUp = 208;
    private const int HandshakeHeldUp = 106;

    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(250);

    private readonly ManualTimeProvider _time = new();
    private readonly CapturingLoggerFactory _log = new();

    public SlowCallbackTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Theory]
    [InlineData("open")]
    [InlineData("message")]
    [InlineData("ping")]
    [InlineData("closed")]
    public async Task A_handler_that_takes_too_long_is_logged_with_the_id_of_its_connection(string slow)
    {
        long id = 0;
        void Take(WebSocketConnection connection, string callback)
        {
            id = connection.Id;
            if (callback == slow)
            {
                _time.Slip(Threshold);
            }
        }

        var handler = new CallbackHandler
        {
            Opened = connection => Take(connection, "open"),
            Received = (connection, _) => Take(connection, "message"),
            Pinged = connection => Take(connection, "ping"),
            Closed = connection => Take(connection, "closed"),
        };
        await using (WebSocketServer server = await WebSocketServer.StartAsync(Options(), handler))
        {
            // One that is not slow, on the same loop, is not named.
            using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
            await client.SendMaskedAsync(RawFrame.Text, 0x61);
            await client.SendMaskedAsync(RawFrame.Ping);
            Assert.Equal(RawFrame.Pong, (await client.ReadFrameAsync()).First);
            await client.SendMaskedAsync(RawFrame.Close, 0x03, 0xE8);
            Assert.Equal(1000, (await client.ReadFrameAsync()).CloseCode);
            Assert.Equal("", await client.ReadToEndAsync());
        }

        await Deadlines.UntilAsync(() => HeldUp.Length != 0, "the warning");
        CapturingLoggerFactory.LogEntry entry = Assert.Single(HeldUp);
        Assert.Equal((ConnectionHeldUp, LogLevel.Warning), (entry.EventId, entry.Level));
        Assert.Contains($"connection {id} kept", entry.Message, StringComparison.Ordinal);
        Assert.Contains($"{Threshold}", entry.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_connections_only_the_slow_one_is_logged()
    {
        var ids = new TaskCompletionSource<long>();
        var handler = new CallbackHandler
        {
            Received = (connection, payload) =>
            {
                if (payload is [1])
                {
                    _time.Slip(Threshold);
                    ids.TrySetResult(connection.Id);
                }

                connection.TrySend(payload, WebSocketMessageKind.Binary);
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(Options(), handler);
        using RawPeer quick = await RawPeer.OpenAsync(server.LocalEndPoint);
        using RawPeer slow = await RawPeer.OpenAsync(server.LocalEndPoint);

        foreach (byte kind in new byte[] { 0, 1, 0 })
        {
            RawPeer peer = kind == 1 ? slow : quick;
            await peer.SendMaskedAsync(RawFrame.Binary, kind);
            Assert.Equal([kind], (await peer.ReadFrameAsync()).Payload);
        }

        long id = await ids.Task.WithDeadline();
        await Deadlines.UntilAsync(() => HeldUp.Length != 0, "the warning");
        Assert.Contains($"connection {id} kept", Assert.Single(HeldUp).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_handler_selection_is_logged_with_the_connection_id()
    {
        long id = 0;
        await using WebSocketServer server = await Servers.StartAsync(Options(), _ =>
        {
            _time.Slip(Threshold);
            return new CallbackHandler { Opened = connection => id = connection.Id };
        });

        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        await Deadlines.UntilAsync(() => HeldUp.Length != 0, "the warning");
        CapturingLoggerFactory.LogEntry entry = Assert.Single(HeldUp);
        Assert.Equal((ConnectionHeldUp, LogLevel.Warning), (entry.EventId, entry.Level));
        Assert.Contains($"connection {id} kept", entry.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_selection_without_a_connection_is_logged_with_the_client_address()
    {
        await using WebSocketServer server = await Servers.StartAsync(Options(), _ =>
        {
            _time.Slip(Threshold);
            throw new InvalidOperationException("nobody is there");
        });

        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 500 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        await Deadlines.UntilAsync(() => HeldUp.Length != 0, "the warning");
        CapturingLoggerFactory.LogEntry entry = Assert.Single(HeldUp);
        Assert.Equal((HandshakeHeldUp, LogLevel.Warning), (entry.EventId, entry.Level));
        Assert.Contains($"{client.LocalEndPoint}", entry.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_callback_just_below_the_threshold_is_not_logged()
    {
        var handler = new CallbackHandler
        {
            Received = (connection, payload) =>
            {
                _time.Slip(Threshold - TimeSpan.FromTicks(1));
                connection.TrySend(payload, WebSocketMessageKind.Binary);
            },
        };
        await using (WebSocketServer server = await WebSocketServer.StartAsync(Options(), handler))
        {
            using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
            for (int i = 0; i < 5; i++)
            {
                await client.SendMaskedAsync(RawFrame.Binary, 0x61);
                await client.ReadFrameAsync();
            }

            await client.SendMaskedAsync(RawFrame.Close);
            await client.ReadToEndAsync();
        }

        Assert.Empty(HeldUp);
    }

    private CapturingLoggerFactory.LogEntry[] HeldUp =>
        [.. _log.Entries.Where(entry => entry.EventId is ConnectionHeldUp or HandshakeHeldUp)];

    private WebSocketServerOptions Options() => new()
    {
        EndPoint = Servers.Loopback,
        EventLoop = EventLoopOptions.Default with { Count = 1, SlowCallbackThreshold = Threshold },
        TimeProvider = _time,
        LoggerFactory = _log,
    };
}
