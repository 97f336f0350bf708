using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The end of sending: which frames are still sent, and that none follows a Close frame.</summary>
public sealed class SendQueueClosingTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Fact] // §5.5.1: "MUST NOT send any more data frames after sending a Close frame"
    public void No_frame_follows_the_close_frame()
    {
        var bench = new SendQueueBench();
        bench.Sends.TrySend(Opcode.Text, "before"u8);

        bench.Sends.SendClose(Normal, afterPending: true);

        Assert.Equal(WebSocketSendResult.Closed, bench.Sends.TrySend(Opcode.Text, "after"u8));
        Assert.IsType<WebSocketClosedException>(bench.SendAsync("after").AsTask().Exception!.InnerException);
        Assert.IsType<WebSocketClosedException>(bench.SendAsync(Opcode.Ping, "after").AsTask().Exception!.InnerException);
        bench.Sends.SendPong("after"u8);
        bench.Sends.TrySendPing("after"u8);
        bench.Sends.SendClose(Normal, afterPending: false);
        bench.Sends.SendClose(Normal, afterPending: false);
        Assert.Equal("Text 'before', Close 1000", bench.Wire());
    }

    [Fact]
    public void A_waiting_pong_is_dropped_when_the_close_frame_is_queued()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        bench.Sends.SendPong("dropped"u8);

        bench.Sends.SendClose(Normal, afterPending: true);
        bench.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
    }

    [Fact] // ws, "close" 10
    public void The_close_frame_follows_waiting_sends_which_complete()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task first = bench.SendAsync("first").AsTask();
        Task second = bench.SendAsync("second").AsTask();

        bench.Sends.SendClose(Normal, afterPending: true);
        Task late = bench.SendAsync("late").AsTask();
        Assert.IsType<WebSocketClosedException>(late.Exception!.InnerException);
        Assert.Equal(WebSocketSendResult.Closed, bench.Sends.TrySend(Opcode.Text, "late"u8));
        bench.Transport.Drain();

        Assert.True(first.IsCompletedSuccessfully && second.IsCompletedSuccessfully);
        Assert.Equal("Binary 100 bytes, Text 'first', Text 'second', Close 1000", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Fact]
    public void A_close_by_the_peer_expedites_the_close_frame_and_fails_waiting_sends()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task waits = bench.SendAsync("waits").AsTask();
        bench.Sends.SendClose(Normal, afterPending: true);

        bench.Sends.SendClose(Normal, afterPending: false);
        bench.Transport.Drain();

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
    }

    [Fact]
    public void An_immediate_close_that_overtakes_the_close_it_replaces_is_sent_once()
    {
        // Two threads carry out the commands of a connection, in an order that is not that of the commands.
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        Task waits = bench.SendAsync("waits").AsTask();

        bench.Sends.SendClose(Normal, afterPending: false);
        bench.Sends.SendClose(Normal, afterPending: true);
        bench.Sends.FinishWhenEmpty(close: false);
        bench.Transport.Drain();

        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        Assert.Equal("Binary 100 bytes, Close 1000", bench.Wire());
        Assert.True(bench.Transport.IsOutputEnded);
    }

    [Fact]
    public void An_immediate_close_fails_waiting_sends_and_returns_their_memory()
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
    public void The_close_frame_does_not_wait_for_an_open_message()
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
    public void An_incomplete_message_does_not_start_before_a_waiting_close_frame()
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
    public void The_output_ends_after_everything_was_written()
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
    public void The_output_does_not_end_before_the_close_frame_is_queued()
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
    public void The_end_of_the_transport_fails_waiting_sends_and_returns_all_memory()
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
        Assert.Equal(WebSocketSendResult.Closed, bench.Sends.TrySend(Opcode.Text, "after"u8));
        bench.Sends.SendPong("after"u8);
        bench.Sends.TrySendPing("after"u8);
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
