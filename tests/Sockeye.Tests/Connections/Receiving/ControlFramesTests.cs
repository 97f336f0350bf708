using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>An application that sees the control frames: WebSocket-Node, event <c>ping</c> with <c>cancel</c>.</summary>
public sealed class ControlFramesTests
{
    private readonly Recorder _recorder = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_control_frame_is_seen_with_its_payload(bool isPulled)
    {
        TestConnection test = Connect(isPulled ? null : new RecordingHandler());

        test.Receive(Opcode.Ping, "p"u8);
        test.Receive(Opcode.Pong, "q"u8);
        test.ReceiveClose(4001, "bye");

        Assert.Equal(["ping p", "pong q", "close 4001 bye"], _recorder.Events);
        Assert.Equal("Pong 'p', Close 4001", test.Wire());
    }

    [Fact]
    public void A_close_frame_without_a_code_is_1005()
    {
        TestConnection test = Connect();
        test.ReceiveClose(0);
        Assert.Equal(["close 1005 "], _recorder.Events);
    }

    [Fact] // WebSocket-Node, event "ping", cancel()
    public void A_ping_whose_pong_is_suppressed_is_not_answered_and_the_next_is()
    {
        TestConnection test = Connect();
        _recorder.Unanswered = "no";

        test.Receive(Opcode.Ping, "no"u8);
        test.Receive(Opcode.Ping, "yes"u8);

        Assert.Equal("Pong 'yes'", test.Wire());
    }

    [Fact]
    public void A_control_frame_is_seen_before_the_messages_that_wait()
    {
        TestConnection test = Connect();
        test.Receive("waits");
        test.Receive(Opcode.Ping, "p"u8);
        Assert.Equal(["ping p"], _recorder.Events);
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("pong")]
    [InlineData("close")]
    public async Task A_method_that_throws_fails_the_connection_with_1011(string method)
    {
        TestConnection test = Connect();
        _recorder.Throws = method;

        switch (method)
        {
            case "ping":
                test.Receive(Opcode.Ping, []);
                break;
            case "pong":
                test.Receive(Opcode.Pong, []);
                break;
            default:
                test.ReceiveClose();
                break;
        }

        Assert.Equal("Close 1011", test.Wire());
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Equal("thrown on purpose", result.Exception!.Message);
    }

    private TestConnection Connect(WebSocketHandler? handler = null)
    {
        var test = new TestConnection(handler: handler);
        Assert.Null(test.Connection.ControlFrames);
        test.Connection.ControlFrames = _recorder;
        return test;
    }

    private sealed class Recorder : WebSocketControlFrameHandler
    {
        public List<string> Events { get; } = [];

        public string? Unanswered { get; set; }

        public string? Throws { get; set; }

        public override bool OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
        {
            Note("ping", Encoding.UTF8.GetString(payload));
            return Encoding.UTF8.GetString(payload) != Unanswered;
        }

        public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
            Note("pong", Encoding.UTF8.GetString(payload));

        public override void OnClose(WebSocketConnection connection, WebSocketCloseCode code, string reason) =>
            Note("close", $"{(int)code} {reason}");

        private void Note(string kind, string text)
        {
            Events.Add($"{kind} {text}");
            if (Throws == kind)
            {
                throw new InvalidOperationException("thrown on purpose");
            }
        }
    }
}
