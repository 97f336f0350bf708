using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>An application that pauses the delivery of messages: ws, <c>pause()</c> and <c>resume()</c>.</summary>
public sealed class PauseTests
{
    private readonly RecordingHandler _handler = new();

    [Fact] // ws, "pause" and "resume"
    public void A_paused_handler_gets_its_messages_in_order_once_resumed()
    {
        var test = new TestConnection(handler: _handler);
        test.Receive("before");

        test.Connection.PauseReceiving();
        Assert.True(test.Connection.IsReceivingPaused);
        test.Receive("one");
        test.Receive("two");
        Assert.Equal("before", _handler.Events);

        test.Connection.ResumeReceiving();
        _handler.WaitFor("two");
        Assert.False(test.Connection.IsReceivingPaused);
        test.Receive("three");
        _handler.WaitFor("three");
        Assert.Equal("before one two three", _handler.Events);
    }

    [Fact]
    public void A_handler_that_pauses_gets_none_of_the_messages_of_the_same_read()
    {
        var handler = new RecordingHandler { Sync = static (connection, text) => PauseAt(connection, text) };
        var test = new TestConnection(handler: handler);

        test.Transport.Feed(Wire.Masked([0x81, 0x01, 0x31]).Concat(Wire.Masked([0x81, 0x01, 0x32])).ToArray());

        Assert.Equal("1", handler.Events);
        test.Connection.ResumeReceiving();
        handler.WaitFor("2");

        static void PauseAt(WebSocketConnection connection, string text)
        {
            if (text == "1")
            {
                connection.PauseReceiving();
            }
        }
    }

    [Fact]
    public void Pings_are_answered_during_a_pause()
    {
        var test = new TestConnection(handler: _handler);
        test.Connection.PauseReceiving();

        test.Receive("waits");
        test.Receive(Opcode.Ping, "p"u8);

        Assert.Equal("Pong 'p'", test.Wire());
        Assert.Equal("ping", _handler.Events);
    }

    [Fact]
    public void The_peers_close_frame_is_noticed_during_a_pause_and_answered_after_the_reply_delay()
    {
        var test = new TestConnection(handler: _handler);
        test.Connection.PauseReceiving();
        test.Receive("waits");

        test.ReceiveClose(1001);
        Assert.True(test.Connection.Closing.IsCancellationRequested);
        Assert.Equal("", test.Wire());
        test.Time.Advance(TimeSpan.FromSeconds(1.3));
        Assert.Equal("Close 1001", test.Wire());

        Assert.Equal("", _handler.Events);
        test.Connection.ResumeReceiving();
        _handler.WaitFor("closed:1001");
        Assert.Equal("waits closed:1001", _handler.Events);
    }

    [Fact]
    public void A_pause_without_messages_does_not_delay_the_end()
    {
        var test = new TestConnection(handler: _handler);
        test.Connection.PauseReceiving();

        test.ReceiveClose();

        Assert.Equal("Close 1000", test.Wire());
        _handler.WaitFor("closed:1000");
    }

    [Fact]
    public void Reading_pauses_when_the_inbox_is_full_and_goes_on_after_the_pause()
    {
        var options = new WebSocketConnectionOptions { Limits = new LimitOptions { MaxInboxLength = 200 } };
        var test = new TestConnection(handler: _handler, options: options);
        test.Connection.PauseReceiving();

        for (int i = 0; i < 10; i++)
        {
            test.Receive($"{i}");
        }

        Assert.True(test.Transport.IsPaused);
        test.Connection.ResumeReceiving();
        _handler.WaitFor("9");
        Assert.Equal("0 1 2 3 4 5 6 7 8 9", _handler.Events);
        Deadlines.Until(() => test.Pool.OutCount == 0, "the last message is returned");
    }

    [Fact]
    public void An_abort_during_a_pause_drops_the_messages_and_delivers_the_end()
    {
        var test = new TestConnection(handler: _handler);
        test.Connection.PauseReceiving();
        test.Receive("dropped");

        test.Connection.Abort();

        _handler.WaitFor("closed:1006");
        Assert.Equal("closed:1006", _handler.Events);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task A_receive_waits_during_a_pause_although_there_is_a_message()
    {
        var test = new TestConnection();
        test.Connection.PauseReceiving();
        Task<WebSocketMessage?> receive = test.Connection.ReceiveAsync().AsTask();
        test.Receive("waits");
        Assert.False(receive.IsCompleted);

        test.Connection.ResumeReceiving();

        Assert.Equal("waits", (await receive.WithDeadline())!.Value.GetText());
    }

    [Fact]
    public async Task A_receive_can_be_canceled_during_a_pause_and_loses_nothing()
    {
        var test = new TestConnection();
        test.Connection.PauseReceiving();
        test.Receive("kept");
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketMessage?> receive = test.Connection.ReceiveAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => receive.WithDeadline());

        test.Connection.ResumeReceiving();
        Assert.Equal("kept", (await test.Connection.ReceiveAsync().AsTask().WithDeadline())!.Value.GetText());
    }

    [Fact]
    public async Task Messages_held_back_by_a_pause_outlast_the_connection()
    {
        var test = new TestConnection();
        test.Connection.PauseReceiving();
        test.Receive("kept");
        test.Transport.Break(new IOException("reset"));
        await test.Connection.Closed.WithDeadline();
        Task<WebSocketMessage?> receive = test.Connection.ReceiveAsync().AsTask();
        Assert.False(receive.IsCompleted);

        test.Connection.ResumeReceiving();

        Assert.Equal("kept", (await receive.WithDeadline())!.Value.GetText());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
    }

    [Fact]
    public void Pausing_and_resuming_while_messages_arrive_loses_and_reorders_nothing()
    {
        const int Count = 20_000;
        List<string> received = [];
        using var isDone = new ManualResetEventSlim();
        var handler = new RecordingHandler
        {
            Sync = (_, text) =>
            {
                received.Add(text);
                if (received.Count == Count)
                {
                    isDone.Set();
                }
            },
        };
        var test = new TestConnection(handler: handler);
        using var stops = new CancellationTokenSource();
        var pausing = new Thread(() =>
        {
            while (!stops.IsCancellationRequested)
            {
                test.Connection.PauseReceiving();
                test.Connection.ResumeReceiving();
            }
        });
        pausing.Start();
        for (int i = 0; i < Count; i++)
        {
            test.Receive($"{i}");
        }

        Assert.True(isDone.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken));
        stops.Cancel();
        Assert.True(pausing.Join(Deadlines.Deadline));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i}"), received);
    }
}
