using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Frames that are made when their turn has come (RFC 7692 §7.2.1).</summary>
public sealed class SendTurnsTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Fact]
    public void Whoever_has_the_turn_goes_before_all_who_call_later()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));

        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "second"u8));
        Task third = bench.SendAsync("third").AsTask();
        Assert.Equal("", bench.Wire());
        Assert.False(third.IsCompleted);
        Send(bench, turns, "first", writer);

        Assert.True(third.IsCompletedSuccessfully);
        Assert.Equal("Text 'first', Text 'second', Text 'third'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void There_is_one_turn_at_a_time()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));

        Assert.False(turns.TryTake(Message(new object())));
        Send(bench, turns, "one", writer);
        Assert.True(turns.TryTake(Message(writer)));
        Send(bench, turns, "other", writer);

        Assert.Equal("Text 'one', Text 'other'", bench.Wire());
    }

    [Fact]
    public void Those_who_wait_have_their_turns_in_the_order_of_their_calls()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object[] writers = [new(), new(), new()];
        Assert.True(turns.TryTake(Message(writers[0])));
        Task second = turns.TakeAsync(Message(writers[1]), default);
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "between"u8));
        Task third = turns.TakeAsync(Message(writers[2]), default);

        Send(bench, turns, "1", writers[0]);
        Assert.True(second.IsCompletedSuccessfully);
        Assert.False(third.IsCompleted);
        Send(bench, turns, "2", writers[1]);
        Assert.True(third.IsCompletedSuccessfully);
        Send(bench, turns, "3", writers[2]);

        Assert.Equal("Text '1', Text '2', Text 'between', Text '3'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_wait_for_a_turn_can_be_given_up_and_the_next_goes()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object first = new();
        object third = new();
        using var cancellation = new CancellationTokenSource();
        Assert.True(turns.TryTake(Message(first)));
        Task cancelled = turns.TakeAsync(Message(new object()), cancellation.Token);
        Task next = turns.TakeAsync(Message(third), default);

        cancellation.Cancel();
        Assert.True(cancelled.IsCanceled);
        Send(bench, turns, "1", first);
        Assert.True(next.IsCompletedSuccessfully);
        Send(bench, turns, "3", third);

        Assert.Equal("Text '1', Text '3'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_turn_that_was_had_is_not_taken_away_by_its_token()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object first = new();
        object second = new();
        using var cancellation = new CancellationTokenSource();
        Assert.True(turns.TryTake(Message(first)));
        Task waits = turns.TakeAsync(Message(second), cancellation.Token);
        Send(bench, turns, "1", first);

        cancellation.Cancel();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.False(turns.TryTake(Message(first)));
        Send(bench, turns, "2", second);
        Assert.Equal("Text '1', Text '2'", bench.Wire());
    }

    [Fact]
    public void A_turn_is_not_taken_with_a_token_that_was_cancelled_before()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);

        Assert.True(turns.TakeAsync(Message(new object()), new CancellationToken(canceled: true)).IsCanceled);

        Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Text, "free"u8));
    }

    [Fact]
    public void What_has_waited_goes_when_a_turn_is_given_up()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        Assert.True(turns.TryTake(Message(new object())));
        bench.Sends.TrySend(Opcode.Text, "copied"u8);
        Task waits = bench.SendAsync("waited").AsTask();

        turns.GiveUp();
        bench.Sends.Flush();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Text 'copied', Text 'waited'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_turn_waits_for_room_and_is_given_with_it()
    {
        var bench = new SendQueueBench(limit: 100);
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        bench.Block(100);

        Assert.False(turns.TryTake(Message(writer)));
        Task waits = turns.TakeAsync(Message(writer), default);
        Assert.False(waits.IsCompleted);
        bench.Transport.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
        Send(bench, turns, "roomy", writer);

        Assert.Equal("Binary 100 bytes, Text 'roomy'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void What_is_made_in_a_turn_is_sent_whatever_is_buffered_by_then()
    {
        var bench = new SendQueueBench(limit: 100);
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));
        bench.Transport.Capacity = 0;
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Binary, new byte[98]));
        Assert.Equal(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Binary, new byte[1]));

        Send(bench, turns, "made", writer);
        Assert.Equal(106, bench.Sends.SendBufferLength);
        bench.Transport.Drain();

        Assert.Equal("Text 'made', Binary 98 bytes", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void Pings_pass_a_turn()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));

        bench.Sends.SendPong("pong"u8);
        bench.Sends.TrySendPing("ping"u8);
        Send(bench, turns, "message", writer);

        Assert.Equal("Pong 'pong', Ping 'ping', Text 'message'", bench.Wire());
    }

    [Fact]
    public void A_close_frame_goes_behind_a_turn_and_those_who_wait_for_one()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object first = new();
        object second = new();
        Assert.True(turns.TryTake(Message(first)));
        Task waits = turns.TakeAsync(Message(second), default);

        bench.Sends.SendClose(Normal, afterPending: true);
        Assert.Throws<WebSocketClosedException>(() => turns.TryTake(Message(new object())));
        Assert.IsType<WebSocketClosedException>(
            turns.TakeAsync(Message(new object()), default).Exception!.InnerException);
        Send(bench, turns, "1", first);
        Assert.True(waits.IsCompletedSuccessfully);
        Send(bench, turns, "2", second);

        Assert.Equal("Text '1', Text '2', Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_close_frame_goes_when_the_turn_before_it_is_given_up()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        Assert.True(turns.TryTake(Message(new object())));
        bench.Sends.SendClose(Normal, afterPending: true);

        turns.GiveUp();
        bench.Sends.Flush();

        Assert.Equal("Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // it waited behind the turn before
    public void A_close_frame_that_cannot_wait_ends_the_turn_and_fails_those_who_wait(bool isExpedited)
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));
        Task waits = turns.TakeAsync(Message(new object()), default);

        if (isExpedited)
        {
            bench.Sends.SendClose(Normal, afterPending: true);
            bench.Sends.ExpediteClose(Normal);
        }
        else
        {
            bench.Sends.SendClose(Normal, afterPending: false);
        }

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => Send(bench, turns, "late", writer));
        turns.GiveUp();
        Assert.Equal("Close 1000", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void The_end_of_the_transport_fails_whoever_has_a_turn_and_those_who_wait()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer)));
        Task waits = turns.TakeAsync(Message(new object()), default);

        bench.Transport.Abort(null);

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => Send(bench, turns, "late", writer));
        turns.GiveUp();
        Assert.Equal("", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_turn_that_begins_a_fragmented_message_lasts_until_its_end()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TakeAsync(Message(writer, fin: false), default).IsCompletedSuccessfully);
        Send(bench, turns, "be", writer, fin: false);
        bench.Sends.TrySend(Opcode.Text, "other"u8);
        Task waits = turns.TakeAsync(Message(new object()), default);

        Assert.True(turns.TakeAsync(Continuation(writer, fin: false), default).IsCompletedSuccessfully);
        turns.GiveUp();
        Assert.True(turns.TakeAsync(Continuation(writer, fin: true), default).IsCompletedSuccessfully);
        Send(bench, turns, "end", writer, Opcode.Continuation);

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Text… 'be', Continuation 'end', Text 'other'", bench.Wire());
    }

    [Fact]
    public void A_fragment_waits_for_room_and_goes_before_those_who_wait_for_its_message()
    {
        var bench = new SendQueueBench(limit: 100);
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        object other = new();
        Assert.True(turns.TryTake(Message(writer, fin: false)));
        bench.Transport.Capacity = 0;
        Send(bench, turns, new string('x', 100), writer, fin: false);
        Task others = turns.TakeAsync(Message(other), default);
        Task fragment = turns.TakeAsync(Continuation(writer, fin: true), default);
        Assert.False(fragment.IsCompleted);

        bench.Transport.Drain();
        Assert.True(fragment.IsCompletedSuccessfully);
        Assert.False(others.IsCompleted);
        Send(bench, turns, "end", writer, Opcode.Continuation);
        Assert.True(others.IsCompletedSuccessfully);
        Send(bench, turns, "other", other);

        Assert.Equal("Text… 100 bytes, Continuation 'end', Text 'other'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_close_frame_does_not_wait_for_the_end_of_a_fragmented_message()
    {
        var bench = new SendQueueBench();
        SendTurns turns = TurnsOf(bench);
        object writer = new();
        Assert.True(turns.TryTake(Message(writer, fin: false)));
        Send(bench, turns, "begun", writer, fin: false);
        Assert.True(turns.TryTake(Continuation(writer, fin: true)));

        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.Throws<WebSocketClosedException>(() => Send(bench, turns, "late", writer, Opcode.Continuation));
        Assert.Equal("Text… 'begun', Close 1000", bench.Wire());
    }

    private static SendTurns TurnsOf(SendQueueBench bench) => new(bench.Sends, bench.Transport, bench);

    private static FrameToSend Message(object writer, bool fin = true) =>
        new() { Kind = new FrameKind(Opcode.Text, fin), Payload = default, Writer = writer };

    private static FrameToSend Continuation(object writer, bool fin) =>
        new() { Kind = new FrameKind(Opcode.Continuation, fin), Payload = default, Writer = writer };

    private static void Send(
        SendQueueBench bench, SendTurns turns, string text, object writer, Opcode opcode = Opcode.Text, bool fin = true)
    {
        var kind = new FrameKind(opcode, fin);
        byte[] payload = System.Text.Encoding.UTF8.GetBytes(text);
        WriteDuty duty = turns.Accept(kind, payload, writer, prepared: null, out OutgoingSegment segment);
        bench.Sends.Writer.Fulfil(duty, segment, kind, payload);
    }

    private static void AssertAtRest(SendQueueBench bench)
    {
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
