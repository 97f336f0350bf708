using System.Text;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class SendBacklogTests
{
    private readonly CountingPool _pool = new();
    private readonly object _writer = new();

    [Fact]
    public void Sends_leave_in_call_order()
    {
        var backlog = new SendBacklog();
        backlog.Add(Send("a"));
        backlog.Add(Send("b"));
        backlog.Add(Send("c"));

        Assert.Equal("a b c", TakeAll(backlog, hasRoom: true));
        Assert.True(backlog.IsEmpty);
    }

    [Fact]
    public void Without_room_only_already_counted_sends_leave()
    {
        var backlog = new SendBacklog();
        backlog.Add(Counted("counted"));
        backlog.Add(Send("waits"));
        backlog.Add(Counted("counted, behind"));

        Assert.Equal("counted", TakeAll(backlog, hasRoom: false));
        Assert.Equal("waits counted, behind", TakeAll(backlog, hasRoom: true));
    }

    [Fact]
    public void Only_control_frames_may_bypass_waiting_sends()
    {
        var backlog = new SendBacklog();
        Assert.True(backlog.IsTurnOf(Opcode.Text, writer: null));

        backlog.Add(Send("a"));

        Assert.False(backlog.IsTurnOf(Opcode.Text, writer: null));
        Assert.False(backlog.IsTurnOf(Opcode.Text, _writer));
        Assert.True(backlog.IsTurnOf(Opcode.Ping, writer: null));
        Assert.False(backlog.IsTurnOf(Opcode.Close, writer: null));
    }

    [Fact] // §5.4: "fragments of one message MUST NOT be interleaved between the fragments of another message"
    public void Only_its_writer_may_send_while_a_message_is_open()
    {
        var backlog = new SendBacklog();
        backlog.NoteTurn(Fragment("begin", fin: false, Opcode.Text).Frame);
        backlog.Add(Counted("other"));
        backlog.Add(Fragment("more", fin: false));

        Assert.True(backlog.IsMessageOpen);
        Assert.False(backlog.IsTurnOf(Opcode.Text, writer: null));
        Assert.False(backlog.IsTurnOf(Opcode.Text, new object()));
        Assert.True(backlog.IsTurnOf(Opcode.Continuation, _writer));
        Assert.Equal("", TakeAll(backlog, hasRoom: false));
        Assert.Equal("more", TakeAll(backlog, hasRoom: true));
        backlog.Add(Fragment("end", fin: true));
        Assert.Equal("end other", TakeAll(backlog, hasRoom: true));
        Assert.False(backlog.IsMessageOpen);
    }

    [Fact]
    public void A_waiting_message_starts_when_the_open_one_ends_and_blocks_later_sends()
    {
        var backlog = new SendBacklog();
        backlog.Add(Fragment("begin", fin: false, Opcode.Text));
        backlog.Add(Send("behind"));

        Assert.Equal("begin", TakeAll(backlog, hasRoom: true));
        backlog.Add(Fragment("end", fin: true));

        Assert.Equal("end behind", TakeAll(backlog, hasRoom: true));
    }

    [Fact]
    public void A_canceled_send_is_removed()
    {
        var backlog = new SendBacklog();
        WaitingFrame send = Send("given up");
        backlog.Add(send);
        backlog.Add(Send("next"));

        Assert.True(backlog.TryRemove(send));
        Assert.False(backlog.TryRemove(send));

        Assert.Equal("next", TakeAll(backlog, hasRoom: true));
    }

    [Fact]
    public void A_fragment_can_be_canceled()
    {
        var backlog = new SendBacklog();
        backlog.NoteTurn(Fragment("begin", fin: false, Opcode.Text).Frame);
        WaitingFrame fragment = Fragment("more", fin: false);
        backlog.Add(fragment);

        Assert.True(backlog.TryRemove(fragment));

        Assert.False(backlog.HasWaiting);
        Assert.True(backlog.IsMessageOpen);
    }

    [Fact]
    public void At_the_end_all_senders_fail_and_memory_is_returned()
    {
        var backlog = new SendBacklog();
        WaitingFrame waits = Send("waits");
        byte[] rented = _pool.Rent(100);
        WaitingFrame rentedFrame = WaitingFrame.OfSender(new OutgoingFrame(Opcode.Text, rented) { IsRented = true });
        backlog.Add(waits);
        backlog.Add(rentedFrame);
        backlog.Add(Counted("counted"));
        backlog.Add(Fragment("fragment", fin: false));

        long buffered = backlog.FailAll(new SendQueueBench(), _pool);

        Assert.Equal("counted".Length + 2, buffered);
        Assert.IsType<WebSocketClosedException>(waits.Completion!.Task.Exception!.InnerException);
        Assert.IsType<WebSocketClosedException>(rentedFrame.Completion!.Task.Exception!.InnerException);
        Assert.True(backlog.IsEmpty);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void A_replaceable_send_leaves_only_on_request_and_blocks_later_sends()
    {
        var backlog = new SendBacklog();
        backlog.Add(Counted("first"));
        backlog.Add(Counted("replaceable", isReplaceable: true));
        backlog.Add(Counted("last"));

        Assert.True(backlog.TryTake(hasRoom: true, takesReplaceable: false, out WaitingFrame first));
        Assert.Equal("first", TextOf(first));
        Assert.False(backlog.TryTake(hasRoom: true, takesReplaceable: false, out _));
        Assert.Equal("replaceable last", TakeAll(backlog, hasRoom: true));
        Assert.Equal(0, backlog.Buffered);
    }

    [Theory]
    [InlineData(0, "b c d")]
    [InlineData(1, "a c d")]
    [InlineData(2, "a b d")]
    [InlineData(3, "a b c")]
    public void Any_waiting_send_can_be_removed(int index, string left)
    {
        var backlog = new SendBacklog();
        WaitingFrame[] frames = [Counted("a"), Counted("b"), Counted("c"), Counted("d")];
        Array.ForEach(frames, backlog.Add);

        Assert.True(backlog.TryRemove(frames[index]));
        Assert.False(backlog.TryRemove(frames[index]));

        Assert.Equal(3 * 3, backlog.Buffered);
        Assert.Equal(left, TakeAll(backlog, hasRoom: true));
        Assert.True(backlog.IsEmpty);
    }

    [Fact] // §5.5.3
    public void The_slot_keeps_only_the_newest_pong()
    {
        var backlog = new SendBacklog();
        Assert.False(backlog.HasPong);
        backlog.PutPong("first, and longer"u8);
        backlog.PutPong("second"u8);

        Assert.True(backlog.HasPong);
        Assert.Equal("second"u8, backlog.TakePong());
        Assert.False(backlog.HasPong);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    public void Any_pong_payload_is_copied(int length)
    {
        byte[] payload = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        var backlog = new SendBacklog();

        backlog.PutPong(payload);
        byte[] kept = [.. payload];
        payload.AsSpan().Clear();

        Assert.Equal(kept, backlog.TakePong().ToArray());
    }

    private static WaitingFrame Send(string text) =>
        WaitingFrame.OfSender(new OutgoingFrame(Opcode.Text, Encoding.UTF8.GetBytes(text)));

    private WaitingFrame Counted(string text, bool isReplaceable = false) =>
        WaitingFrame.OfCopy(Opcode.Text, Encoding.UTF8.GetBytes(text), SendSettings.Of(Role.Server, _pool), isReplaceable);

    private WaitingFrame Fragment(string text, bool fin, Opcode opcode = Opcode.Continuation) =>
        WaitingFrame.OfSender(new OutgoingFrame(opcode, Encoding.UTF8.GetBytes(text), fin) { Writer = _writer });

    private static string TextOf(WaitingFrame frame) => Encoding.UTF8.GetString(frame.Frame.Payload.Span);

    private static string TakeAll(SendBacklog backlog, bool hasRoom)
    {
        List<string> taken = [];
        while (backlog.TryTake(hasRoom, takesReplaceable: true, out WaitingFrame send))
        {
            if (send.Frame.Writer is not null)
            {
                backlog.NoteTurn(send.Frame);
            }

            taken.Add(TextOf(send));
        }

        return string.Join(' ', taken);
    }
}
