using System.Text;
using Sockeye.Server;
using Sockeye.Server.Handshakes;

namespace Sockeye.Tests;

/// <summary>The memory of an opening handshake that waits.</summary>
public sealed class UndecidedHandshakeMemoryTests
{
    private const string Head =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private readonly CountingPool _pool = new();
    private readonly InMemoryTransport _transport = new();
    private readonly TaskCompletionSource<WebSocketUpgradeDecision> _decision = new();

    [Fact]
    public void A_request_received_in_pieces_holds_no_buffer_during_the_decision()
    {
        WebSocketConnection? connection = null;
        Start(new RecordingHandler { Opened = opened => connection = opened });

        Feed(Head[..30]);
        Assert.Equal(1, _pool.OutCount);
        Feed(Head[30..] + Encoding.Latin1.GetString(Wire.Masked([0x89, 0x01, 0x61])));
        Assert.Equal(0, _pool.OutCount);

        // The ping behind the request is not lost with the buffer.
        _decision.SetResult(WebSocketUpgradeDecision.Accept());
        Assert.NotNull(connection);
        Assert.EndsWith("\u008A\u0001a", Encoding.Latin1.GetString(_transport.TakeOutput()), StringComparison.Ordinal);
        Assert.False(_pool.HasFault, "a buffer came back twice");
    }

    [Fact]
    public void Up_to_16_KiB_after_an_undecided_request_are_kept_and_then_reading_pauses()
    {
        Start(new RecordingHandler());

        Feed(Head);
        Feed(new string('x', (16 * 1024) - 1));
        Assert.False(_transport.IsPaused);
        Feed("x");
        Assert.True(_transport.IsPaused);
        Assert.False(_transport.IsClosed);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n")]
    public void A_rejected_request_received_in_pieces_holds_no_buffer_while_lingering(string head)
    {
        Start(new RecordingHandler());

        Feed(head[..20]);
        Feed(head[20..]);

        Assert.StartsWith("HTTP/1.1 4", Encoding.Latin1.GetString(_transport.TakeOutput()), StringComparison.Ordinal);
        Assert.False(_transport.IsClosed);
        Assert.Equal(0, _pool.OutCount);
    }

    private void Feed(string text) => _transport.Feed(Encoding.Latin1.GetBytes(text));

    private void Start(WebSocketHandler handler)
    {
        var context = new ServerContext(
            new WebSocketServerOptions
            {
                TimeProvider = new ManualTimeProvider(),
                Pool = _pool,
                OnUpgrade = (_, _) => new(_decision.Task),
            },
            handler);
        new ServerHandshakeSession(context, context.SettingsOn(context.Wheel, isSecure: false), _transport).Start();
    }
}
