using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Frames that are compressed when their turn has come (RFC 7692 §7.2.1).</summary>
public sealed class SendTurnsTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Fact]
    public void The_turn_holder_is_served_before_later_callers()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));

        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "second"u8));
        Task third = bench.SendAsync("third").AsTask();
        Assert.Equal("", bench.Wire());
        Assert.False(third.IsCompleted);
        Send(bench, "first", writer);

        Assert.True(third.IsCompletedSuccessfully);
        Assert.Equal("Text 'first', Text 'second', Text 'third'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void There_is_one_turn_at_a_time()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));

        Assert.False(TryTakeTurn(bench, Message(new object())));
        Send(bench, "one", writer);
        Assert.True(TryTakeTurn(bench, Message(writer)));
        Send(bench, "other", writer);

        Assert.Equal("Text 'one', Text 'other'", bench.Wire());
    }

    [Fact]
    public void Waiting_callers_get_the_turn_in_call_order()
    {
        var bench = new SendQueueBench();
        object[] writers = [new(), new(), new()];
        Assert.True(TryTakeTurn(bench, Message(writers[0])));
        Task second = bench.Sends.SendAsync(Message(writers[1]), default).AsTask();
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "between"u8));
        Task third = bench.Sends.SendAsync(Message(writers[2]), default).AsTask();

        Send(bench, "1", writers[0]);
        Assert.True(second.IsCompletedSuccessfully);
        Assert.False(third.IsCompleted);
        Send(bench, "2", writers[1]);
        Assert.True(third.IsCompletedSuccessfully);
        Send(bench, "3", writers[2]);

        Assert.Equal("Text '1', Text '2', Text 'between', Text '3'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_canceled_wait_for_the_turn_serves_the_next_caller()
    {
        var bench = new SendQueueBench();
        object first = new();
        object third = new();
        using var cancellation = new CancellationTokenSource();
        Assert.True(TryTakeTurn(bench, Message(first)));
        Task cancelled = bench.Sends.SendAsync(Message(new object()), cancellation.Token).AsTask();
        Task next = bench.Sends.SendAsync(Message(third), default).AsTask();

        cancellation.Cancel();
        Assert.True(cancelled.IsCanceled);
        Send(bench, "1", first);
        Assert.True(next.IsCompletedSuccessfully);
        Send(bench, "3", third);

        Assert.Equal("Text '1', Text '3'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_token_does_not_take_away_a_granted_turn()
    {
        var bench = new SendQueueBench();
        object first = new();
        object second = new();
        using var cancellation = new CancellationTokenSource();
        Assert.True(TryTakeTurn(bench, Message(first)));
        Task waits = bench.Sends.SendAsync(Message(second), cancellation.Token).AsTask();
        Send(bench, "1", first);

        cancellation.Cancel();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.False(TryTakeTurn(bench, Message(first)));
        Send(bench, "2", second);
        Assert.Equal("Text '1', Text '2'", bench.Wire());
    }

    [Fact]
    public void A_canceled_token_takes_no_turn()
    {
        var bench = new SendQueueBench();

        Assert.True(bench.Sends.SendAsync(Message(new object()), new CancellationToken(canceled: true)).AsTask().IsCanceled);

        Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Text, "free"u8));
    }

    [Fact]
    public void Sends_that_waited_leave_when_a_turn_is_released()
    {
        var bench = new SendQueueBench();
        Assert.True(TryTakeTurn(bench, Message(new object())));
        bench.Sends.TrySend(Opcode.Text, "copied"u8);
        Task waits = bench.SendAsync("waited").AsTask();

        bench.Sends.GiveUpTurn();
        bench.Sends.Flush();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Text 'copied', Text 'waited'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_turn_is_granted_when_there_is_room()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        bench.Block(100);

        Assert.False(TryTakeTurn(bench, Message(writer)));
        Task waits = bench.Sends.SendAsync(Message(writer), default).AsTask();
        Assert.False(waits.IsCompleted);
        bench.Transport.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
        Send(bench, "roomy", writer);

        Assert.Equal("Binary 100 bytes, Text 'roomy'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_frame_compressed_in_a_turn_is_sent_even_if_the_buffer_filled_up()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));
        bench.Transport.Capacity = 0;
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Binary, new byte[98]));
        Assert.Equal(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Binary, new byte[1]));

        Send(bench, "made", writer);
        Assert.Equal(106, bench.Sends.SendBufferLength);
        bench.Transport.Drain();

        Assert.Equal("Text 'made', Binary 98 bytes", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void Pings_overtake_a_turn()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));

        bench.Sends.SendPong("pong"u8);
        bench.Sends.TrySendPing("ping"u8);
        Send(bench, "message", writer);

        Assert.Equal("Pong 'pong', Ping 'ping', Text 'message'", bench.Wire());
    }

    [Fact]
    public void A_close_frame_follows_the_turn_and_waiting_callers()
    {
        var bench = new SendQueueBench();
        object first = new();
        object second = new();
        Assert.True(TryTakeTurn(bench, Message(first)));
        Task waits = bench.Sends.SendAsync(Message(second), default).AsTask();

        bench.Sends.SendClose(Normal, afterPending: true);
        Assert.False(TryTakeTurn(bench, Message(new object())));
        Assert.IsType<WebSocketClosedException>(
            bench.Sends.SendAsync(Message(new object()), default).AsTask().Exception!.InnerException);
        Send(bench, "1", first);
        Assert.True(waits.IsCompletedSuccessfully);
        Send(bench, "2", second);

        Assert.Equal("Text '1', Text '2', Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_close_frame_is_sent_when_the_turn_before_it_is_released()
    {
        var bench = new SendQueueBench();
        Assert.True(TryTakeTurn(bench, Message(new object())));
        bench.Sends.SendClose(Normal, afterPending: true);

        bench.Sends.GiveUpTurn();
        bench.Sends.Flush();

        Assert.Equal("Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // it waited behind the turn before
    public void An_immediate_close_frame_ends_the_turn_and_fails_waiting_callers(bool isExpedited)
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));
        Task waits = bench.Sends.SendAsync(Message(new object()), default).AsTask();

        if (isExpedited)
        {
            bench.Sends.SendClose(Normal, afterPending: true);
            bench.Sends.SendClose(Normal, afterPending: false);
        }
        else
        {
            bench.Sends.SendClose(Normal, afterPending: false);
        }

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => Send(bench, "late", writer));
        bench.Sends.GiveUpTurn();
        Assert.Equal("Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void The_end_of_the_transport_fails_the_turn_holder_and_waiting_callers()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer)));
        Task waits = bench.Sends.SendAsync(Message(new object()), default).AsTask();

        bench.Transport.Abort(null);

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => Send(bench, "late", writer));
        bench.Sends.GiveUpTurn();
        Assert.Equal("", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_turn_that_begins_a_fragmented_message_lasts_until_its_end()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(bench.Sends.SendAsync(Message(writer, fin: false), default).AsTask().IsCompletedSuccessfully);
        Send(bench, "be", writer, fin: false);
        bench.Sends.TrySend(Opcode.Text, "other"u8);
        Task waits = bench.Sends.SendAsync(Message(new object()), default).AsTask();

        Assert.True(bench.Sends.SendAsync(Continuation(writer, fin: false), default).AsTask().IsCompletedSuccessfully);
        bench.Sends.GiveUpTurn();
        Assert.True(bench.Sends.SendAsync(Continuation(writer, fin: true), default).AsTask().IsCompletedSuccessfully);
        Send(bench, "end", writer, Opcode.Continuation);

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Text… 'be', Continuation 'end', Text 'other'", bench.Wire());
    }

    [Fact]
    public void A_fragment_that_waits_for_room_precedes_callers_that_wait_for_its_message()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        object other = new();
        Assert.True(TryTakeTurn(bench, Message(writer, fin: false)));
        bench.Transport.Capacity = 0;
        Send(bench, new string('x', 100), writer, fin: false);
        Task others = bench.Sends.SendAsync(Message(other), default).AsTask();
        Task fragment = bench.Sends.SendAsync(Continuation(writer, fin: true), default).AsTask();
        Assert.False(fragment.IsCompleted);

        bench.Transport.Drain();
        Assert.True(fragment.IsCompletedSuccessfully);
        Assert.False(others.IsCompleted);
        Send(bench, "end", writer, Opcode.Continuation);
        Assert.True(others.IsCompletedSuccessfully);
        Send(bench, "other", other);

        Assert.Equal("Text… 100 bytes, Continuation 'end', Text 'other'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_close_frame_does_not_wait_for_the_end_of_a_fragmented_message()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(TryTakeTurn(bench, Message(writer, fin: false)));
        Send(bench, "begun", writer, fin: false);
        Assert.True(TryTakeTurn(bench, Continuation(writer, fin: true)));

        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.Throws<WebSocketClosedException>(() => Send(bench, "late", writer, Opcode.Continuation));
        Assert.Equal("Text… 'begun', Close 1000", bench.Wire());
    }

    private static bool TryTakeTurn(SendQueueBench bench, OutgoingFrame turn) =>
        bench.Sends.TryTakeTurn(turn);

    private static OutgoingFrame Message(object writer, bool fin = true) =>
        new OutgoingFrame(Opcode.Text, fin: fin).TurnOf(writer);

    private static OutgoingFrame Continuation(object writer, bool fin) =>
        new OutgoingFrame(Opcode.Continuation, fin: fin).TurnOf(writer);

    private static void Send(
        SendQueueBench bench, string text, object writer, Opcode opcode = Opcode.Text, bool fin = true)
    {
        var frame = new OutgoingFrame(opcode, fin: fin) { Writer = writer };
        byte[] payload = System.Text.Encoding.UTF8.GetBytes(text);
        SendAdmission admission = bench.Sends.AddInTurn(frame, payload, out OutgoingSegment segment);
        bench.Sends.Write(admission, ref segment, frame, payload);
    }

    private static void AssertAtRest(SendQueueBench bench)
    {
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
