using System.Text;

namespace Sockeye.Tests;

/// <summary>What an application does with an open connection besides messages, over every transport and in both roles.</summary>
public sealed class FlowOverTransportsTests
{
    // A reserved opcode (RFC 6455 §5.2).
    private const int ReservedOpcode = 5;

    [Theory] // ws, "pause" and "resume"
    [EachTransport]
    public Task A_paused_end_answers_pings_and_delivers_its_messages_in_order_once_resumed(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            end.PauseReceiving();
            Task<WebSocketMessage?> receive = end.ReceiveAsync().AsTask();
            await peer.SendAsync("one");
            await peer.SendAsync("two");

            Assert.True(await peer.PingAsync().WithDeadline() >= TimeSpan.Zero);
            Assert.Equal(2, end.ReceivedMessageCount);
            Assert.False(receive.IsCompleted);

            end.ResumeReceiving();
            Assert.Equal("one", (await receive.WithDeadline())!.Value.GetText());
            Assert.Equal("two", (await end.ReceiveMessageAsync().WithDeadline()).GetText());
        });

    [Theory] // WebSocket-Node, event "ping", cancel(); ws, events "ping" and "pong"
    [EachTransport]
    public Task Control_frames_are_seen_and_a_pong_can_be_suppressed(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            var seen = new Recorder();
            var pongs = new Recorder();
            end.ControlFrames = seen;
            peer.ControlFrames = pongs;
            await using var frames = new WebSocketFrameWriter(peer);

            await frames.SendAsync(new WebSocketFrame(9, "no"u8.ToArray()));
            await frames.SendAsync(new WebSocketFrame(9, "yes"u8.ToArray()));
            await peer.PongAsync("unsolicited"u8.ToArray());
            await peer.SendAsync("last");
            Assert.Equal("last", (await end.ReceiveMessageAsync().WithDeadline()).GetText());
            Task<WebSocketMessage?> atEnd = end.ReceiveAsync().AsTask();
            await peer.CloseAsync((WebSocketCloseCode)4001, "bye").WithDeadline();

            Assert.Null(await atEnd.WithDeadline());
            Assert.Equal(["ping no", "ping yes", "pong unsolicited", "close 4001 bye"], seen.Events);
            Assert.Equal(["pong yes", "close 4001 bye"], pongs.Events);
        });

    [Theory] // WebSocket-Node, "drop"
    [EachTransport]
    public Task A_failed_connection_gives_the_peer_its_code_behind_what_was_sent(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            await end.SendAsync("last");

            end.Fail(WebSocketCloseCode.PolicyViolation, "too much");

            Assert.Equal("last", (await peer.ReceiveMessageAsync().WithDeadline()).GetText());
            await Task.WhenAny(peer.ReceiveAsync().AsTask()).WithDeadline();
            WebSocketCloseResult result = await peer.Closed.WithDeadline();
            Assert.Equal(WebSocketCloseCode.PolicyViolation, result.Code);
            Assert.Equal("too much", result.Reason);
            Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
            Assert.Equal(WebSocketCloseInitiator.Local, (await end.Closed.WithDeadline()).Initiator);
        });

    [Theory] // ws, "Connection shutdown edge cases" 1 and 2
    [EachTransport]
    public Task Both_ends_break_a_rule_at_once_and_neither_hangs(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            await Task.WhenAll(Task.Run(() => BreakRuleAsync(end)), Task.Run(() => BreakRuleAsync(peer))).WithDeadline();

            AssertEndedByRule(await end.Closed.WithDeadline());
            AssertEndedByRule(await peer.Closed.WithDeadline());
        });

    [Theory]
    [EachTransport]
    public Task A_peer_that_breaks_a_rule_while_this_end_closes_does_not_keep_it_open(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            await BreakRuleAsync(peer);
            await end.CloseAsync().WithDeadline();
            await peer.Closed.WithDeadline();

            Assert.Equal(WebSocketConnectionState.Closed, end.State);
            Assert.IsType<WebSocketProtocolException>((await end.Closed).Exception);
        });

    [Theory] // ws, "send" 14; WebSocket-Node's W3CWebSocket loses empty text
    [EachTransport]
    public Task Empty_messages_of_both_kinds_arrive(TransportKind kind) =>
        InBothRolesAsync(kind, static async (end, peer) =>
        {
            await end.SendAsync("");
            Assert.NotEqual(WebSocketSendResult.Refused, end.TrySend([]));
            await using (WebSocketMessageWriter writer = end.BeginMessage(WebSocketMessageKind.Text))
            {
                await writer.CompleteAsync();
            }

            foreach (WebSocketMessageKind expected in
                new[] { WebSocketMessageKind.Text, WebSocketMessageKind.Binary, WebSocketMessageKind.Text })
            {
                WebSocketMessage message = await peer.ReceiveMessageAsync().WithDeadline();
                Assert.Equal(expected, message.Kind);
                Assert.True(message.Payload.IsEmpty);
            }
        });

    private static async Task BreakRuleAsync(WebSocketConnection connection)
    {
        await using var frames = new WebSocketFrameWriter(connection);
        try
        {
            await frames.SendAsync(new WebSocketFrame(ReservedOpcode, default));
        }
        catch (WebSocketClosedException)
        {
            // The other end was faster, and this one has already found the broken rule.
        }
    }

    // The peer of an end that had to close before it could break a rule has only the code.
    private static void AssertEndedByRule(WebSocketCloseResult result) => Assert.True(
        result.Exception is WebSocketProtocolException || result.Code == WebSocketCloseCode.ProtocolError, result.ToString());

    private static async Task InBothRolesAsync(TransportKind kind, Func<WebSocketConnection, WebSocketConnection, Task> test)
    {
        await using (ConnectionPair pair = await ConnectionPair.CreateAsync(kind))
        {
            await test(pair.Server, pair.Client);
        }

        await using (ConnectionPair pair = await ConnectionPair.CreateAsync(kind))
        {
            await test(pair.Client, pair.Server);
        }
    }

    private sealed class Recorder : WebSocketControlFrameHandler
    {
        public List<string> Events { get; } = [];

        public override bool OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
        {
            Events.Add("ping " + Encoding.UTF8.GetString(payload));
            return !payload.SequenceEqual("no"u8);
        }

        public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
            Events.Add("pong " + Encoding.UTF8.GetString(payload));

        public override void OnClose(WebSocketConnection connection, WebSocketCloseCode code, string reason) =>
            Events.Add($"close {(int)code} {reason}");
    }
}
