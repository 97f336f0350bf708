using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A peer that stalls within a message, but is otherwise alive.</summary>
public sealed class MessageDeadlineTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_peer_that_stalls_within_a_message_fails_after_a_minute_even_if_it_sends_pongs(bool isServer, bool fragments)
    {
        TestConnection test = Begun(isServer, fragments: fragments);

        PassAlive(test, seconds: 59);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 2);

        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
        test.Transport.EndInput();
        Assert.Equal(WebSocketCloseCode.PolicyViolation, test.Result.Code);
        Assert.IsType<TimeoutException>(test.Result.Exception);
        Assert.Equal(0, test.Pool.OutCount);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_takes_longer_than_it_may_fails_with_1008_although_it_goes_on(bool isPauseLimited)
    {
        var limits = new LimitOptions
        {
            MaxMessageDuration = TimeSpan.FromSeconds(30),
            MessageTimeout = isPauseLimited ? TimeSpan.FromSeconds(20) : Timeout.InfiniteTimeSpan,
        };
        var test = new TestConnection(options: new WebSocketConnectionOptions { Limits = limits });
        test.Receive(Opcode.Text, "x"u8, fin: false);
        for (int second = 0; second < 29; second++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            test.Receive(Opcode.Continuation, "x"u8, fin: false);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Time.Advance(TimeSpan.FromSeconds(1.5));

        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
        test.Transport.EndInput();
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Contains("did not end it within 00:00:30", Assert.IsType<TimeoutException>(result.Exception).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_duration_of_a_message_is_not_that_of_the_next_that_begins_in_the_same_read()
    {
        var limits = new LimitOptions { MaxMessageDuration = TimeSpan.FromSeconds(30) };
        var test = new TestConnection(handler: new RecordingHandler(), options: new WebSocketConnectionOptions { Limits = limits });
        test.Receive(Opcode.Text, "x"u8, fin: false);
        for (int i = 0; i < 10; i++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(20));
            byte[] both = [.. test.FromPeer(Opcode.Continuation, "end"u8), .. test.FromPeer(Opcode.Text, "begin"u8, fin: false)];
            test.Transport.Feed(both);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_duration_of_a_message_starts_over_when_reading_has_waited_for_the_application()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            DeliverFragments = true,
            Limits = new LimitOptions { MaxInboxLength = 1, MaxMessageDuration = TimeSpan.FromSeconds(10) },
        });
        test.Receive(Opcode.Text, "a"u8, fin: false);
        test.Receive(Opcode.Continuation, "b"u8, fin: false);
        Assert.True(test.Transport.IsPaused);
        test.Time.Advance(TimeSpan.FromSeconds(9.5));
        await test.Connection.ReceiveFragmentAsync().AsTask().WithDeadline();
        await test.Connection.ReceiveFragmentAsync().AsTask().WithDeadline();
        Assert.False(test.Transport.IsPaused);

        test.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.False(test.Connection.Closing.IsCancellationRequested);
        test.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(test.Connection.Closing.IsCancellationRequested);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pings_that_are_cut_by_reads_are_no_message_that_stalls(bool hasMessages)
    {
        var test = new TestConnection(handler: new RecordingHandler(), options: new WebSocketConnectionOptions
        {
            Limits = new LimitOptions { MaxMessageDuration = TimeSpan.FromSeconds(10), MessageTimeout = TimeSpan.FromSeconds(20) },
        });
        byte[] ping = test.FromPeer(Opcode.Ping, "payload"u8);
        byte[] message = hasMessages ? test.FromPeer(Opcode.Text, "whole"u8) : [];
        test.Transport.Feed(ping.AsSpan(0, 4));
        for (int second = 0; second < 60; second++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            test.Transport.Feed([.. ping[4..], .. message, .. ping[..4]]);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void Pings_between_the_fragments_of_a_message_do_not_restart_its_times()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new LimitOptions { MaxMessageDuration = TimeSpan.FromSeconds(10) },
        });
        test.Receive(Opcode.Text, "a"u8, fin: false);
        for (int second = 0; second < 11; second++)
        {
            test.Receive(Opcode.Ping, "p"u8);
            test.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_byte_of_the_message_restarts_the_timeout()
    {
        TestConnection test = Begun(isServer: true);
        for (int i = 0; i < 5; i++)
        {
            PassAlive(test, seconds: 50);
            test.Receive(Opcode.Continuation, "x"u8, fin: false);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 62);
        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_fragments_do_not_restart_the_timeout()
    {
        TestConnection test = Begun(isServer: true);
        for (int i = 0; i < 7; i++)
        {
            PassAlive(test, seconds: 10);
            test.Receive(Opcode.Continuation, [], fin: false);
        }

        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_may_be_silent_between_messages()
    {
        TestConnection test = Begun(isServer: true);
        test.Receive(Opcode.Continuation, "end"u8);
        PassAlive(test, seconds: 300);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        test.Receive(Opcode.Text, "another"u8, fin: false);
        PassAlive(test, seconds: 59);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 2);
        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_timeout_of_a_message_does_not_apply_to_the_next()
    {
        TestConnection test = Begun(isServer: true);
        PassAlive(test, seconds: 40);
        byte[] both = [.. test.FromPeer(Opcode.Continuation, "end"u8), .. test.FromPeer(Opcode.Text, "begin"u8, fin: false)];

        test.Transport.Feed(both);
        PassAlive(test, seconds: 59);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 2);

        Assert.EndsWith("Close 1008", test.Wire(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("81")]
    [InlineData("81 85 01020304")]
    [InlineData("89 85 01020304 05")]
    public void A_truncated_frame_starts_the_timeout(string bytes)
    {
        // No keep-alive, which would find the peer first: it cannot answer a ping in the midst of a frame.
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            KeepAlive = new() { PingInterval = Timeout.InfiniteTimeSpan },
        };
        var test = new TestConnection(handler: new RecordingHandler(), options: options);
        test.Time.Advance(TimeSpan.FromSeconds(1_000));
        test.Transport.Feed(Wire.Bytes(bytes));

        test.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("", test.Wire());
        test.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("Close 1008", test.Wire());
    }

    [Fact]
    public async Task The_timeout_does_not_run_while_reading_is_paused()
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            Limits = new() { MaxInboxLength = 1 },
        };
        var test = new TestConnection(options: options);
        test.Receive("first");
        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "sec"u8, fin: false), .. test.FromPeer(Opcode.Continuation, "ond"u8)]);
        Assert.True(test.Transport.IsPaused);

        PassAlive(test, seconds: 300);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        Assert.Equal("first", (await test.Connection.ReceiveMessageAsync(Cancellation)).ToString());
        Assert.Equal("second", (await test.Connection.ReceiveMessageAsync(Cancellation)).ToString());
    }

    [Fact]
    public void MessageTimeout_can_be_infinite_or_changed()
    {
        TestConnection endless = Begun(isServer: true, Timeout.InfiniteTimeSpan);
        TestConnection shorter = Begun(isServer: true, TimeSpan.FromSeconds(5));

        PassAlive(endless, seconds: 1_000);
        PassAlive(shorter, seconds: 6);

        Assert.Equal(WebSocketConnectionState.Open, endless.Connection.State);
        Assert.EndsWith("Close 1008", shorter.Wire(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(60), new LimitOptions().MessageTimeout);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LimitOptions { MessageTimeout = TimeSpan.FromMilliseconds(999) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LimitOptions { MessageTimeout = TimeSpan.FromDays(2) });
    }

    private static TestConnection Begun(bool isServer, TimeSpan? timeout = null, bool fragments = false)
    {
        var options = new WebSocketConnectionOptions();
        var test = new TestConnection(
            isServer ? Role.Server : Role.Client,
            new RecordingHandler(),
            options with
            {
                DeliverFragments = fragments,
                Limits = options.Limits with { MessageTimeout = timeout ?? options.Limits.MessageTimeout },
            });
        test.Receive(Opcode.Text, "begin"u8, fin: false);
        return test;
    }

    // The peer goes on to answer pings, and sends some of its own.
    private static void PassAlive(TestConnection test, int seconds)
    {
        for (int second = 0; second < seconds && test.Connection.State == WebSocketConnectionState.Open; second++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            if (test.Connection.State == WebSocketConnectionState.Open)
            {
                test.Receive(Opcode.Pong, "still here"u8);
            }
        }
    }
}
