using System.Text;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class PendingSendsTests
{
    private readonly CountingPool _pool = new();
    private readonly object _writer = new();

    [Fact]
    public void Sends_leave_in_the_order_they_came()
    {
        PendingSends pending = default;
        pending.Add(Send("a"));
        pending.Add(Send("b"));
        pending.Add(Send("c"));

        Assert.Equal("a b c", TakeAll(ref pending, hasRoom: true));
        Assert.True(pending.IsEmpty);
    }

    [Fact]
    public void Without_room_only_those_leave_that_are_counted_already()
    {
        PendingSends pending = default;
        pending.Add(Send("counted", buffered: 9));
        pending.Add(Send("waits"));
        pending.Add(Send("counted, behind", buffered: 9));

        Assert.Equal("counted", TakeAll(ref pending, hasRoom: false));
        Assert.Equal("waits counted, behind", TakeAll(ref pending, hasRoom: true));
    }

    [Fact]
    public void It_is_nobodys_turn_while_others_wait_but_a_control_frames()
    {
        PendingSends pending = default;
        Assert.True(pending.IsTurnOf(Opcode.Text, writer: null));

        pending.Add(Send("a"));

        Assert.False(pending.IsTurnOf(Opcode.Text, writer: null));
        Assert.False(pending.IsTurnOf(Opcode.Text, _writer));
        Assert.True(pending.IsTurnOf(Opcode.Ping, writer: null));
        Assert.True(pending.IsTurnOf(Opcode.Close, writer: null));
    }

    [Fact] // §5.4: "fragments of one message MUST NOT be interleaved between the fragments of another message"
    public void While_a_message_is_open_it_is_its_writers_turn_alone()
    {
        PendingSends pending = default;
        pending.NoteTurn(Fragment("begin", fin: false, Opcode.Text).Frame);
        pending.Add(Send("other", buffered: 5));
        pending.Add(Fragment("more", fin: false));

        Assert.True(pending.IsMessageOpen);
        Assert.False(pending.IsTurnOf(Opcode.Text, writer: null));
        Assert.False(pending.IsTurnOf(Opcode.Text, new object()));
        Assert.True(pending.IsTurnOf(Opcode.Continuation, _writer));
        Assert.Equal("", TakeAll(ref pending, hasRoom: false));
        Assert.Equal("more", TakeAll(ref pending, hasRoom: true));
        pending.Add(Fragment("end", fin: true));
        Assert.Equal("end other", TakeAll(ref pending, hasRoom: true));
        Assert.False(pending.IsMessageOpen);
    }

    [Fact]
    public void A_waiting_message_may_begin_when_another_ends_and_holds_up_those_behind_it()
    {
        PendingSends pending = default;
        pending.Add(Fragment("begin", fin: false, Opcode.Text));
        pending.Add(Send("behind"));

        Assert.Equal("begin", TakeAll(ref pending, hasRoom: true));
        pending.Add(Fragment("end", fin: true));

        Assert.Equal("end behind", TakeAll(ref pending, hasRoom: true));
    }

    [Fact]
    public void One_that_is_given_up_leaves_no_trace()
    {
        PendingSends pending = default;
        PendingSend send = Send("given up");
        pending.Add(send);
        pending.Add(Send("next"));

        Assert.True(pending.TryRemove(send));
        Assert.False(pending.TryRemove(send));

        Assert.Equal("next", TakeAll(ref pending, hasRoom: true));
    }

    [Fact]
    public void A_fragment_can_be_given_up_too()
    {
        PendingSends pending = default;
        pending.NoteTurn(Fragment("begin", fin: false, Opcode.Text).Frame);
        PendingSend fragment = Fragment("more", fin: false);
        pending.Add(fragment);

        Assert.True(pending.TryRemove(fragment));

        Assert.True(pending.IsEmpty);
        Assert.True(pending.IsMessageOpen);
    }

    [Fact]
    public void At_the_end_all_are_told_and_their_memory_goes_back()
    {
        PendingSends pending = default;
        var completion = new TaskCompletionSource();
        byte[] rented = _pool.Rent(100);
        pending.Add(new PendingSend(Send("waits").Frame) { Completion = completion });
        pending.Add(new PendingSend(new FrameToSend
        {
            Kind = Opcode.Text,
            Payload = rented,
            Rented = rented,
        })
        {
            Buffered = 102,
        });
        pending.Add(Send("counted", buffered: 9));

        long buffered = pending.FailAll(new SendQueueBench(), _pool);

        Assert.Equal(111, buffered);
        Assert.IsType<WebSocketClosedException>(completion.Task.Exception!.InnerException);
        Assert.True(pending.IsEmpty);
        Assert.Equal(0, _pool.OutCount);
    }

    private static PendingSend Send(string text, long buffered = 0) => new(new FrameToSend
    {
        Kind = Opcode.Text,
        Payload = Encoding.UTF8.GetBytes(text),
    })
    {
        Buffered = buffered,
    };

    private PendingSend Fragment(string text, bool fin, Opcode opcode = Opcode.Continuation) => new(new FrameToSend
    {
        Kind = new FrameKind(opcode, fin),
        Payload = Encoding.UTF8.GetBytes(text),
        Writer = _writer,
    });

    private static string TakeAll(ref PendingSends pending, bool hasRoom)
    {
        List<string> taken = [];
        while (pending.TryTake(hasRoom, out PendingSend send))
        {
            pending.NoteTurn(send.Frame);
            taken.Add(Encoding.UTF8.GetString(send.Frame.Payload.Span));
        }

        return string.Join(' ', taken);
    }
}
