using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The end of sending: which frames are still sent, and that none follows a Close frame.</summary>
public sealed class SendQueueClosingTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Fact] // §5.5.1: "MUST NOT send any more data frames after sending a Close frame"
    public void Nothing_goes_behind_the_close_frame()
    {
        var bench = new SendQueueBench();
        bench.Sends.TrySend(Opcode.Text, "before"u8);

        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.Throws<WebSocketClosedException>(() => bench.Sends.TrySend(Opcode.Text, "after"u8));
        Assert.IsType<WebSocketClosedException>(bench.SendAsync("after").AsTask().Exception!.InnerException);
        Assert.IsType<WebSocketClosedException>(bench.SendAsync(Opcode.Ping, "after").AsTask().Exception!.InnerException);
        bench.Sends.SendPong("after"u8);
        bench.Sends.TrySendPing("after"u8);
        bench.Sends.SendClose(Normal, afterPending: false);
        bench.Sends.ExpediteClose(Normal);
        Assert.Equal("Text 'before', Close 1000", bench.Wire());
    }

    [Fact]
    public void A_pong_that_waited_is_dropped_when_the_close_frame_is_in_its_place()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        bench.Sends.SendPong("dropped"u8);

        bench.Sends.SendClose(Normal, afterPending: true);
        bench.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
    }

    [Fact] // ws, "close" 10
    public void The_close_frame_goes_behind_the_sends_that_wait_and_they_complete()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task first = bench.SendAsync("first").AsTask();
        Task second = bench.SendAsync("second").AsTask();

        bench.Sends.SendClose(Normal, afterPending: true);
        Task late = bench.SendAsync("late").AsTask();
        Assert.IsType<WebSocketClosedException>(late.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => bench.Sends.TrySend(Opcode.Text, "late"u8));
        bench.Transport.Drain();

        Assert.True(first.IsCompletedSuccessfully && second.IsCompletedSuccessfully);
        Assert.Equal("Binary 100 bytes, Text 'first', Text 'second', Close 1000", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Fact]
    public void The_close_frame_is_expedited_when_the_peer_closes_and_those_that_wait_fail()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task waits = bench.SendAsync("waits").AsTask();
        bench.Sends.SendClose(Normal, afterPending: true);

        bench.Sends.ExpediteClose(Normal);
        bench.Transport.Drain();

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
    }

    [Fact]
    public void An_immediate_close_fails_those_that_wait_and_gives_their_memory_back()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "open", fin: false, writer).IsCompletedSuccessfully);
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, new byte[200]));
        Task waits = bench.SendAsync("waits").AsTask();
        Assert.Equal(204, bench.Sends.SendBufferLength);
        Assert.True(bench.Sends.IsCongested);

        bench.Sends.SendClose(Normal, afterPending: false);

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Equal("Text… 'open', Close 1000", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.Equal(1, bench.DrainedCount);
    }

    [Fact] // §5.4: a control frame may go inside a message, which is then given up.
    public void The_close_frame_does_not_wait_for_a_message_that_is_open()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "open", fin: false, writer).IsCompletedSuccessfully);

        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.IsType<WebSocketClosedException>(
            bench.SendAsync(Opcode.Continuation, "more", fin: true, writer).AsTask().Exception!.InnerException);
        Assert.Equal("Text… 'open', Close 1000", bench.Wire());
    }

    [Fact]
    public void A_message_that_would_begin_in_front_of_a_waiting_close_frame_and_not_end_is_not_begun()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task first = bench.SendAsync("first").AsTask();
        Task begins = bench.SendAsync(Opcode.Text, "begins", fin: false, new object()).AsTask();
        Task last = bench.SendAsync("last").AsTask();

        bench.Sends.SendClose(Normal, afterPending: true);
        bench.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Text 'first', Text 'last', Close 1000", bench.Wire());
        Assert.True(first.IsCompletedSuccessfully && last.IsCompletedSuccessfully);
        Assert.IsType<WebSocketClosedException>(begins.Exception!.InnerException);
    }

    [Fact]
    public void The_output_is_ended_once_all_has_been_written()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        bench.Sends.SendClose(Normal, afterPending: true);

        bench.Sends.FinishWhenEmpty(close: false);
        Assert.False(bench.Transport.IsOutputEnded);
        bench.Transport.Drain();

        Assert.True(bench.Transport.IsOutputEnded);
        Assert.False(bench.Transport.IsClosed);
        bench.Sends.FinishWhenEmpty(close: true);
        Assert.True(bench.Transport.IsClosed);
        Assert.Equal(1, bench.Transport.ShutdownCount);
        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
    }

    [Fact]
    public void The_output_is_not_ended_before_the_close_frame_is_in_its_place()
    {
        // The peer's Close frame arrives between an application's decision to close and its Close frame.
        var bench = new SendQueueBench();

        bench.Sends.FinishWhenEmpty(close: false);
        Assert.False(bench.Transport.IsOutputEnded);
        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.Equal("Close 1000", bench.Wire());
        Assert.True(bench.Transport.IsOutputEnded);
    }

    [Fact]
    public void When_the_transport_goes_all_that_waits_fails_and_all_memory_goes_back()
    {
        var bench = new SendQueueBench(limit: 100_000);
        bench.Transport.Capacity = 10;
        object writer = new();
        bench.Sends.TrySend(Opcode.Binary, new byte[30_000]);
        Assert.True(bench.SendAsync(Opcode.Text, "open", fin: false, writer).IsCompletedSuccessfully);
        bench.Sends.TrySend(Opcode.Binary, new byte[30_000]);
        string rest = new('o', 80_000);
        Assert.True(bench.SendAsync(Opcode.Continuation, rest, fin: false, writer).IsCompletedSuccessfully);
        Task message = bench.SendAsync("waits").AsTask();
        Task fragment = bench.SendAsync(Opcode.Continuation, "waits", fin: false, writer).AsTask();
        bench.Sends.SendPong("waits"u8);

        bench.Transport.Abort(new IOException());

        Assert.IsType<WebSocketClosedException>(message.Exception!.InnerException);
        Assert.IsType<WebSocketClosedException>(fragment.Exception!.InnerException);
        Assert.Throws<WebSocketClosedException>(() => bench.Sends.TrySend(Opcode.Text, "after"u8));
        bench.Sends.SendPong("after"u8);
        bench.Sends.TrySendPing("after"u8);
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
