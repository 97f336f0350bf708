using System.Text;
using Sockeye.Connections.Receiving;

namespace Sockeye.Tests;

/// <summary>The two receivers without a connection around them.</summary>
public sealed class ReceiversAloneTests
{
    [Fact]
    public void A_handler_is_called_in_place_and_its_end_comes_last()
    {
        var bench = new ReceiverBench();
        var receiver = new HandlerReceiver(bench);
        receiver.Open();

        Deliver(receiver, "one");
        Deliver(receiver, "two");
        receiver.End(isCall: true);

        Assert.Equal("opened, message one, message two, closed 1000, served", bench.Calls);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void What_arrives_before_the_handler_has_opened_waits()
    {
        var bench = new ReceiverBench();
        var receiver = new HandlerReceiver(bench);

        Deliver(receiver, "early");
        Assert.Equal("", bench.Calls);
        receiver.Open();

        Assert.Equal("opened, message early", bench.Calls);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public async Task Messages_wait_while_an_asynchronous_call_is_pending()
    {
        var work = new TaskCompletionSource();
        var bench = new ReceiverBench { Work = work.Task };
        var receiver = new HandlerReceiver(bench);
        bench.Handler = receiver;
        receiver.Open();

        Deliver(receiver, "one");
        Deliver(receiver, "two");
        Assert.Equal("opened, message one", bench.Calls);
        Assert.True(receiver.HasMessageInHand);
        Assert.False(receiver.TryNoteEnd());
        work.SetResult();
        await bench.Done;

        Assert.Equal("opened, message one, message two, done", bench.Calls);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void A_handler_that_throws_is_reported_and_the_rest_is_dropped_where_the_owner_says_so()
    {
        var bench = new ReceiverBench { Thrown = new InvalidOperationException("bug") };
        var receiver = new HandlerReceiver(bench);
        receiver.Open();

        Deliver(receiver, "one");
        bench.DropsReceived = true;
        bench.MustWaitForSendBuffer = true;
        Deliver(receiver, "two");
        receiver.End(isCall: true);

        Assert.Equal("opened, message one, failed bug, closed 1000, served", bench.Calls);
    }

    [Fact]
    public async Task What_a_read_still_delivers_after_an_abort_was_reported_is_dropped()
    {
        var bench = new ReceiverBench { DropsReceived = true };
        var receiver = new PullReceiver(bench);
        Deliver(receiver, "before");

        receiver.End(isCall: false);
        Assert.Null(await receiver.ReceiveMessageAsync(isRegistered: false, default));
        Deliver(receiver, "after");

        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void A_handler_gets_nothing_that_a_read_still_delivers_after_an_abort_was_reported()
    {
        var bench = new ReceiverBench { DropsReceived = true };
        var receiver = new HandlerReceiver(bench);
        receiver.Open();

        receiver.End(isCall: false);
        Deliver(receiver, "after");

        Assert.Equal("opened, closed 1000, served", bench.Calls);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public async Task A_receive_gets_what_waits_and_then_what_comes()
    {
        var bench = new ReceiverBench();
        var receiver = new PullReceiver(bench);
        Deliver(receiver, "one");

        Assert.Equal("one", await ReceiveAsync(receiver));
        Task<string> second = ReceiveAsync(receiver);
        Assert.False(second.IsCompleted);
        Deliver(receiver, "two");

        Assert.Equal("two", await second);
    }

    [Fact]
    public void An_application_is_done_with_the_input_when_it_asks_for_more()
    {
        var bench = new ReceiverBench();
        var receiver = new PullReceiver(bench);
        Deliver(receiver, "last");
        _ = ReceiveAsync(receiver);

        Assert.False(receiver.TryNoteEnd());
        Assert.True(receiver.HasMessageInHand);
        Assert.Equal("", bench.Calls);
        _ = ReceiveAsync(receiver);

        Assert.Equal("done", bench.Calls);
        Assert.False(receiver.HasMessageInHand);
    }

    [Fact]
    public void Reading_pauses_when_the_inbox_is_full_and_resumes_when_a_message_is_taken()
    {
        var bench = new ReceiverBench();
        var receiver = new PullReceiver(bench);
        while (!receiver.IsFull)
        {
            receiver.Deliver(new byte[64 * 1024], lender: null, WebSocketMessageKind.Binary, endOfMessage: true);
        }

        Assert.True(receiver.TryPauseReading());
        receiver.NoteClosing();
        while (bench.Calls == "paused while closing")
        {
            _ = ReceiveAsync(receiver);
        }

        Assert.Equal("paused while closing, resume", bench.Calls);
        Assert.False(receiver.IsReadingPaused);
        receiver.Discard();
    }

    private static void Deliver(Receiver receiver, string text) =>
        receiver.Deliver(Encoding.UTF8.GetBytes(text), lender: null, WebSocketMessageKind.Text, endOfMessage: true);

    private static async Task<string> ReceiveAsync(PullReceiver receiver) =>
        (await receiver.ReceiveMessageAsync(isRegistered: false, default)).ToString()!;
}
