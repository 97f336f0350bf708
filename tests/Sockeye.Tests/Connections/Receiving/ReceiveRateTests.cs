using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Peers that send more than the options allow.</summary>
public sealed class ReceiveRateTests
{
    private static readonly ReceiveRateOptions TenMessages = new() { MessagesPerSecond = 10, BurstPeriod = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_sends_too_many_messages_fails_with_1008_after_those_before(bool inOneRead)
    {
        var handler = new RecordingHandler();
        TestConnection test = Connect(TenMessages, handler);
        byte[][] messages = [.. Enumerable.Range(0, 12).Select(_ => test.FromPeer(Opcode.Text, "m"u8))];

        foreach (byte[] read in inOneRead ? [messages.SelectMany(message => message).ToArray()] : messages)
        {
            test.Transport.Feed(read);
        }

        Assert.Equal("Close 1008", test.Wire());
        handler.WaitFor("closed:1008");
        Assert.Equal(string.Join(' ', Enumerable.Repeat("m", 10).Append("closed:1008")), handler.Events);
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        var cause = Assert.IsType<WebSocketRateException>(result.Exception);
        Assert.Equal((WebSocketRate.Messages, 10), (cause.Rate, cause.PerSecond));
        Assert.Equal("The peer sent more than 10 messages per second.", cause.Message);
    }

    [Fact]
    public void A_peer_at_its_rate_is_never_failed()
    {
        TestConnection test = Connect(TenMessages, new RecordingHandler());
        for (int second = 0; second < 60; second++)
        {
            for (int i = 0; i < 10; i++)
            {
                test.Receive("m");
            }

            test.Time.Advance(TimeSpan.FromSeconds(1.1));
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Equal(600, test.Connection.ReceivedMessageCount);
    }

    [Fact]
    public void A_silent_peer_saves_up_no_more_than_the_burst_period()
    {
        TestConnection test = Connect(TenMessages with { BurstPeriod = TimeSpan.FromSeconds(2) }, new RecordingHandler());
        test.Time.Advance(TimeSpan.FromSeconds(15));
        for (int i = 0; i < 20; i++)
        {
            test.Receive("m");
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Receive("m");
        Assert.Equal("Close 1008", test.Wire());
    }

    [Fact]
    public void A_message_in_fragments_counts_once()
    {
        TestConnection test = Connect(TenMessages, new RecordingHandler());
        for (int i = 0; i < 10; i++)
        {
            test.Receive(Opcode.Text, "a"u8, fin: false);
            test.Receive(Opcode.Continuation, "b"u8, fin: false);
            test.Receive(Opcode.Continuation, "c"u8);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Receive(Opcode.Text, "a"u8, fin: false);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Receive(Opcode.Continuation, "c"u8);
        Assert.Equal("Close 1008", test.Wire());
    }

    [Fact]
    public async Task A_peer_that_sends_too_many_bytes_fails_with_1008()
    {
        TestConnection test = Connect(
            new ReceiveRateOptions { BytesPerSecond = 100, BurstPeriod = TimeSpan.FromSeconds(1) }, new RecordingHandler());
        test.Receive(Opcode.Binary, new byte[50]);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        test.Receive(Opcode.Binary, new byte[50]);

        Assert.Equal("Close 1008", test.Wire());
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Equal(WebSocketRate.Bytes, Assert.IsType<WebSocketRateException>(result.Exception).Rate);
        Assert.Equal(1, test.Connection.ReceivedMessageCount);
    }

    [Fact]
    public async Task A_peer_that_sends_too_many_pings_fails_with_1008()
    {
        TestConnection test = Connect(new ReceiveRateOptions { PingsPerSecond = 3, BurstPeriod = TimeSpan.FromSeconds(1) });
        for (int i = 0; i < 4; i++)
        {
            test.Receive(Opcode.Ping, "p"u8);
        }

        Assert.Equal("Pong 'p', Pong 'p', Pong 'p', Close 1008", test.Wire());
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Equal(WebSocketRate.Pings, Assert.IsType<WebSocketRateException>(result.Exception).Rate);
    }

    [Fact]
    public void A_peer_is_not_limited_by_default()
    {
        TestConnection test = Connect(new ReceiveRateOptions(), new RecordingHandler());
        byte[] message = test.FromPeer(Opcode.Text, "m"u8);
        for (int i = 0; i < 100_000; i++)
        {
            test.Transport.Feed(message);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void Messages_that_waited_for_the_application_count_when_they_are_read()
    {
        var handler = new RecordingHandler();
        TestConnection test = Connect(TenMessages, handler, inboxLength: 100);
        test.Connection.PauseReceiving();
        test.Transport.Feed([.. Enumerable.Range(0, 10).SelectMany(_ => test.FromPeer(Opcode.Text, "m"u8))]);
        test.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(test.Transport.IsPaused);

        test.Connection.ResumeReceiving();

        handler.WaitFor(string.Join(' ', Enumerable.Repeat("m", 10)));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public async Task A_peer_at_its_rate_is_not_failed_because_the_application_was_busy()
    {
        TestConnection test = Connect(TenMessages with { BurstPeriod = TimeSpan.FromSeconds(2) }, inboxLength: 1);
        for (int second = 0; second < 10; second++)
        {
            for (int i = 0; i < 10; i++)
            {
                test.Receive("m");
            }

            test.Time.Advance(TimeSpan.FromSeconds(1));
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.NotNull(await test.Connection.ReceiveAsync().AsTask().WithDeadline());
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        // What was saved up in the pause is used up, and the burst with it.
        for (int i = 0; i < 30; i++)
        {
            test.Receive("m");
            _ = test.Connection.ReceiveAsync().AsTask();
        }

        Assert.NotEqual(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_floods_after_it_exceeded_its_rate_cannot_put_off_the_end(bool floods)
    {
        var pending = new TaskCompletionSource();
        var handler = new RecordingHandler { Async = async (_, _) => await pending.Task };
        TestConnection test = Connect(new ReceiveRateOptions { BytesPerSecond = 10, BurstPeriod = TimeSpan.FromSeconds(1) }, handler);
        test.Receive("x");
        test.Receive("0123456789");

        int seconds = 0;
        while (!test.Wire().Contains("Close", StringComparison.Ordinal))
        {
            Assert.InRange(++seconds, 0, 30);
            test.Time.Advance(TimeSpan.FromSeconds(1));
            for (int i = 0; floods && i < 3; i++)
            {
                test.Receive("0123456789 0123456789");
            }
        }

        pending.SetResult();
    }

    [Fact]
    public void Values_out_of_range_are_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReceiveRateOptions { MessagesPerSecond = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReceiveRateOptions { BytesPerSecond = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReceiveRateOptions { PingsPerSecond = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReceiveRateOptions { BurstPeriod = TimeSpan.FromSeconds(0.9) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReceiveRateOptions { BurstPeriod = Timeout.InfiniteTimeSpan });
        Assert.Throws<ArgumentNullException>(() => new LimitOptions { ReceiveRate = null! });
    }

    private static TestConnection Connect(ReceiveRateOptions rate, WebSocketHandler? handler = null, int inboxLength = 64 * 1024) =>
        new(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new LimitOptions { ReceiveRate = rate, MaxInboxLength = inboxLength },
        });
}
