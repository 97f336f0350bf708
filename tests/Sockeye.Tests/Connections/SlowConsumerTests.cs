using System.Text;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>The policies for slow consumers, as an application uses them.</summary>
public sealed class SlowConsumerTests
{
    private const int Limit = 1_000;

    // More than the limit, in one message.
    private static readonly byte[] Large = new byte[2 * Limit];

    private readonly List<bool> _calls = [];
    private TaskCompletionSource _called = new();

    [Fact]
    public void By_default_a_connection_waits_and_drops_nothing()
    {
        TestConnection test = Blocked(SlowConsumerOptions.Wait);

        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(Large));
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused"));
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused", new() { Key = "key" }));
        Assert.False(test.Connection.SendAsync("waits").IsCompleted);

        Assert.Equal(WebSocketSlowConsumerPolicy.Wait, new WebSocketConnectionOptions().SlowConsumer.Policy);
        Assert.Equal(default, test.Connection.DropCounts);
    }

    [Fact]
    public async Task Under_DropNewest_every_kind_of_send_drops_its_message_at_the_limit()
    {
        TestConnection test = Blocked(SlowConsumerOptions.DropNewest);
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(Large));
        var prepared = WebSocketPreparedMessage.Text("prepared");

        Assert.Equal(WebSocketSendResult.Dropped, test.Connection.TrySend("text"));
        Assert.Equal(WebSocketSendResult.Dropped, test.Connection.TrySend("bytes"u8));
        Assert.Equal(WebSocketSendResult.Dropped, test.Connection.TrySend(prepared));
        Assert.Equal(WebSocketSendResult.Dropped, test.Connection.TrySend("bytes"u8, WebSocketMessageKind.Text, new() { Key = "key" }));
        await test.Connection.SendAsync("text").WithDeadline();
        await test.Connection.SendAsync(new byte[1]).WithDeadline();
        await test.Connection.SendAsync(prepared).WithDeadline();
        await test.Connection.SendAsync(prepared, new() { Compress = false }).WithDeadline();
        await test.Connection.SendAsync(new byte[1], WebSocketMessageKind.Binary, new() { Key = "key" }).WithDeadline();

        Assert.Equal(new WebSocketDropCounts(Newest: 9, 0, 0), test.Connection.DropCounts);
        Assert.Equal(9, test.Connection.DropCounts.Total);
        test.Transport.Drain();
        Assert.Equal("Binary 2000 bytes", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task Under_DropOldest_every_kind_of_send_drops_what_has_waited_longest()
    {
        TestConnection test = Blocked(SlowConsumerOptions.DropOldest);
        test.Connection.TrySend("being written");
        await test.Connection.SendAsync(new byte[Limit]).WithDeadline();
        await test.Connection.SendAsync(new string('x', Limit)).WithDeadline();
        await test.Connection.SendAsync(WebSocketPreparedMessage.Binary(new byte[Limit])).WithDeadline();

        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend("last"));

        Assert.Equal(new WebSocketDropCounts(0, Oldest: 3, 0), test.Connection.DropCounts);
        test.Transport.Drain();
        Assert.Equal("Text 'being written', Text 'last'", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task Under_LatestPerKey_every_kind_of_send_replaces_the_waiting_message_with_its_key()
    {
        TestConnection test = Blocked(SlowConsumerOptions.LatestPerKey);
        test.Connection.TrySend("being written");

        await test.Connection.SendAsync("1", new() { Key = "A" }).WithDeadline();
        await test.Connection.SendAsync("without a key").WithDeadline();
        await test.Connection.SendAsync("2"u8.ToArray(), WebSocketMessageKind.Text, new() { Key = "A" }).WithDeadline();
        await test.Connection.SendAsync(WebSocketPreparedMessage.Text("3", key: "A")).WithDeadline();
        await test.Connection.SendAsync(WebSocketPreparedMessage.Text("4"), new() { Key = "A" }).WithDeadline();
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend("5", new() { Key = "A" }));
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend("6"u8, WebSocketMessageKind.Text, new() { Key = "A" }));
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(WebSocketPreparedMessage.Text("7", key: "A")));
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(WebSocketPreparedMessage.Text("other", key: "A"), new() { Key = "B" }));

        Assert.Equal(new WebSocketDropCounts(0, 0, Replaced: 6), test.Connection.DropCounts);
        test.Transport.Drain();
        Assert.Equal("Text 'being written', Text '7', Text 'without a key', Text 'other'", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task Under_LatestPerKey_messages_without_a_key_or_without_room_wait()
    {
        TestConnection test = Blocked(SlowConsumerOptions.LatestPerKey);
        test.Connection.TrySend(Large);
        await test.Connection.SendAsync(new string('a', Limit), new() { Key = "A" }).WithDeadline();

        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("without a key"));
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("without room", new() { Key = "B" }));
        Task withoutKey = test.Connection.SendAsync("without a key").AsTask();
        using var cancellation = new CancellationTokenSource();
        Task canceled = test.Connection.SendAsync("canceled", new() { Key = "B" }, cancellation.Token).AsTask();
        Task withoutRoom = test.Connection.SendAsync("without room", new() { Key = "B" }).AsTask();
        Assert.False(withoutKey.IsCompleted || withoutRoom.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => canceled);

        test.Transport.Drain();
        await withoutKey.WithDeadline();
        await withoutRoom.WithDeadline();
        Assert.Equal("Binary 2000 bytes, Text 1000 bytes, Text 'without a key', Text 'without room'", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public void Messages_that_grow_under_their_keys_exceed_the_limit_by_one_message_at_most()
    {
        const int LargeLimit = 100_000;
        TestConnection test = Blocked(SlowConsumerOptions.LatestPerKey, limit: LargeLimit);
        test.Connection.TrySend("being written");
        for (int round = 0; round < 2; round++)
        {
            string text = new('x', round == 0 ? 1 : 5_000);
            for (int key = 0; key < 500; key++)
            {
                _ = test.Connection.TrySend(text, new() { Key = $"{key}" });
            }

            Assert.InRange(test.Connection.SendBufferLength, 0, LargeLimit + 5_100);
        }

        test.Transport.Drain();
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task A_message_that_is_too_long_to_replace_an_earlier_one_waits_and_arrives_last()
    {
        TestConnection test = Blocked(SlowConsumerOptions.LatestPerKey);
        test.Connection.TrySend("being written");
        test.Connection.TrySend("stale", new() { Key = "A" });
        test.Connection.TrySend(new string('b', 600), new() { Key = "B" });
        test.Connection.TrySend(new string('b', 1_000), new() { Key = "B" });

        // The one that is refused changes nothing, and one that is not longer replaces.
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused", new() { Key = "A" }));
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend("newer", new() { Key = "A" }));
        Assert.Equal(new WebSocketDropCounts(0, 0, Replaced: 2), test.Connection.DropCounts);

        Task newest = test.Connection.SendAsync("the newest", new() { Key = "A" }).AsTask();
        Assert.False(newest.IsCompleted);
        Assert.Equal(new WebSocketDropCounts(0, 0, Replaced: 3), test.Connection.DropCounts);
        test.Transport.Drain();
        await newest.WithDeadline();
        Assert.Equal("Text 'being written', Text 1000 bytes, Text 'the newest'", test.Wire());
        AssertNothingHeld(test);
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest)]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest)]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey)]
    public async Task A_canceled_token_and_a_closed_connection_are_reported_under_every_policy(WebSocketSlowConsumerPolicy policy)
    {
        var test = new TestConnection(options: With(new SlowConsumerOptions { Policy = policy }));
        var canceled = new CancellationToken(canceled: true);
        var options = new WebSocketSendOptions { Key = "key" };

        await Assert.ThrowsAsync<TaskCanceledException>(() => test.Connection.SendAsync("text", options, canceled).AsTask());
        test.Connection.Abort();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.SendAsync("text", options, canceled).AsTask());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.SendAsync("text", options).AsTask());
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("text", options));

        Assert.Equal("", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public void A_send_may_override_the_policy_of_the_connection()
    {
        TestConnection test = Blocked(SlowConsumerOptions.DropNewest);
        test.Connection.TrySend(Large);

        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("x", new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait }));
        Task waits = test.Connection.SendAsync("waits", new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait }).AsTask();
        Assert.False(waits.IsCompleted);

        test.Transport.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Binary 2000 bytes, Text 'waits'", test.Wire());
    }

    [Fact] // RFC 6455 §5.4
    public async Task A_fragmented_message_waits_under_every_policy()
    {
        TestConnection test = Blocked(SlowConsumerOptions.DropNewest);
        test.Connection.TrySend(Large);
        await using WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);

        Task first = writer.WriteAsync("frag"u8.ToArray()).AsTask();
        Assert.False(first.IsCompleted);
        test.Transport.Drain();
        await first.WithDeadline();
        await writer.CompleteAsync("ment"u8.ToArray());

        Assert.Equal("Binary 2000 bytes, Text… 'frag', Continuation 'ment'", test.Wire());
        Assert.Equal(0, test.Connection.DropCounts.Total);
    }

    [Fact]
    public void A_message_that_waits_under_a_dropping_policy_is_in_no_compression_window()
    {
        foreach (WebSocketSlowConsumerPolicy policy in Enum.GetValues<WebSocketSlowConsumerPolicy>())
        {
            TestConnection test = Blocked(new SlowConsumerOptions { Policy = policy }, Takeover());
            var messages = new MessagesOnTheWire(new PeerInflater());
            List<string> expected = [];
            for (int i = 0; i < 100; i++)
            {
                WebSocketSendResult result = i % 3 == 0
                    ? test.Connection.TrySend(WebSocketPreparedMessage.Text(TextOf(i, 500), key: "prepared"))
                    : test.Connection.TrySend(TextOf(i, 500), new() { Key = $"{i % 3}" });
                if (result is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
                {
                    expected.Add(TextOf(i, 500));
                }

                test.Transport.Drain(i % 10 == 0 ? 100 : 0);
            }

            test.Transport.Drain();
            expected.Add(TextOf(1, 500));
            test.Connection.TrySend(TextOf(1, 500));

            // Whatever was dropped, the peer's window is the same as ours.
            IReadOnlyList<string> delivered = messages.Texts(test.Frames());
            Assert.Equal(expected.Intersect(delivered), delivered.Distinct().Order(Comparer<string>.Create((a, b) => expected.IndexOf(a) - expected.IndexOf(b))));
            Assert.Equal(expected[^1], delivered[^1]);
            Assert.Equal(expected.Count, delivered.Count + (policy == WebSocketSlowConsumerPolicy.DropNewest ? 0 : test.Connection.DropCounts.Total - test.Connection.DropCounts.Newest));
            Assert.Equal(policy is WebSocketSlowConsumerPolicy.Wait or WebSocketSlowConsumerPolicy.Close, test.Connection.DropCounts.Total == 0);
        }
    }

    [Fact]
    public void A_prepared_message_that_waits_without_context_takeover_is_compressed_and_can_be_replaced()
    {
        TestConnection test = Blocked(SlowConsumerOptions.LatestPerKey, Forgetting());
        test.Connection.TrySend(Noise(100));
        test.Connection.TrySend(WebSocketPreparedMessage.Text(TextOf(1), key: "key"));

        test.Connection.TrySend(WebSocketPreparedMessage.Text(TextOf(2), key: "key"));

        test.Transport.Drain();
        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal("Binary 100 bytes, compressed Text", string.Join(", ", frames));
        Assert.Equal([Encoding.UTF8.GetString(Noise(100)), TextOf(2)], new MessagesOnTheWire(new PeerInflater(forgets: true)).Texts(frames));
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.Wait)]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest)]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest)]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey)]
    [InlineData(WebSocketSlowConsumerPolicy.Close)]
    public async Task The_events_are_raised_when_messages_find_no_room_and_when_the_buffer_has_drained(
        WebSocketSlowConsumerPolicy policy)
    {
        TestConnection test = Noting(policy);
        test.Connection.TrySend(Large);
        for (int round = 1; round <= 3; round++)
        {
            test.Connection.TrySend("a", new() { Key = "key" });
            test.Connection.TrySend("b", new() { Key = "key" });
            await CalledAsync(2 * round - 1);

            test.Transport.Drain();
            await CalledAsync(2 * round);
            test.Transport.Capacity = 0;
            test.Connection.TrySend(Large);
        }

        Assert.Equal([true, false, true, false, true, false], _calls);
    }

    [Fact]
    public async Task A_send_that_waits_for_room_raises_the_event_and_one_that_waits_for_its_turn_does_not()
    {
        TestConnection test = Noting(WebSocketSlowConsumerPolicy.Wait);
        test.Transport.Drain();
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync("frag"u8.ToArray());
        Task turn = test.Connection.SendAsync("waits for its turn").AsTask();
        Assert.False(turn.IsCompleted || test.Connection.Core.Sends.IsSlow);
        await writer.CompleteAsync();
        await turn.WithDeadline();

        test.Transport.Capacity = 0;
        test.Connection.TrySend(Large);
        Task room = test.Connection.SendAsync("waits for room").AsTask();
        await CalledAsync(1);

        test.Transport.Drain();
        await room.WithDeadline();
        await CalledAsync(2);
    }

    [Fact]
    public async Task A_listener_may_send_and_does_not_run_inside_a_send()
    {
        using var inSend = new ManualResetEventSlim();
        TestConnection test = Blocked(SlowConsumerOptions.DropNewest);
        test.Connection.BecameSlow += connection =>
        {
            inSend.Wait(TestContext.Current.CancellationToken);
            Assert.Equal(WebSocketSendResult.Dropped, connection.TrySend("dropped too"));
            _called.SetResult();
        };
        test.Connection.TrySend(Large);

        // Would wait forever if it called back in place.
        Assert.Equal(WebSocketSendResult.Dropped, test.Connection.TrySend("dropped"));
        inSend.Set();

        await _called.Task.WithDeadline();
        Assert.Equal(2, test.Connection.DropCounts.Newest);
    }

    [Fact]
    public async Task A_listener_that_throws_fails_its_connection()
    {
        var thrown = new InvalidOperationException("thrown by the test");
        TestConnection test = Blocked(SlowConsumerOptions.DropNewest);
        test.Connection.BecameSlow += _ => throw thrown;
        test.Connection.TrySend(Large);
        test.Connection.TrySend("dropped");
        await Deadlines.UntilAsync(() => test.Connection.State != WebSocketConnectionState.Open, "it was called");

        test.Transport.Drain();
        test.ReceiveClose(1011);

        Assert.Same(thrown, test.Result.Exception);
        Assert.Equal("Binary 2000 bytes, Close 1011", test.Wire());
    }

    [Fact]
    public async Task A_listener_that_was_removed_is_not_called()
    {
        TestConnection test = Noting(WebSocketSlowConsumerPolicy.DropNewest);
        Action<WebSocketConnection> removed = _ => Assert.Fail("It was removed.");
        test.Connection.BecameSlow += removed;
        test.Connection.BecameSlow -= removed;
        test.Connection.TrySend(Large);
        test.Connection.TrySend("dropped");

        await CalledAsync(1);

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void Under_Close_a_peer_that_stays_slow_gets_1013()
    {
        TestConnection test = Blocked(SlowConsumerOptions.Close(TimeSpan.FromSeconds(5)));
        test.Connection.TrySend(Large);
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused"));

        test.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Time.Advance(TimeSpan.FromSeconds(0.3));

        Assert.Equal(WebSocketConnectionState.Closing, test.Connection.State);
        test.Transport.Drain();
        test.ReceiveClose(1013);
        Assert.Equal("Binary 2000 bytes, Close 1013", test.Wire());
        Assert.Equal(WebSocketCloseCode.TryAgainLater, test.Result.Code);
        Assert.IsType<TimeoutException>(test.Result.Exception);
    }

    [Fact]
    public async Task Under_Close_a_send_that_waits_fails_when_the_connection_does()
    {
        TestConnection test = Blocked(SlowConsumerOptions.Close(TimeSpan.FromSeconds(5)));
        test.Connection.TrySend(Large);
        Task waits = test.Connection.SendAsync("waits").AsTask();

        test.Time.Advance(TimeSpan.FromSeconds(5.2));

        await Assert.ThrowsAsync<WebSocketClosedException>(() => waits).WithDeadline();
    }

    [Fact]
    public void Under_Close_a_peer_that_drains_in_time_starts_over()
    {
        TestConnection test = Blocked(SlowConsumerOptions.Close(TimeSpan.FromSeconds(5)));
        for (int i = 0; i < 5; i++)
        {
            test.Connection.TrySend(Large);
            Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused"));
            test.Time.Advance(TimeSpan.FromSeconds(3));
            test.Transport.Drain();
            test.Transport.Capacity = 0;
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public void A_send_with_another_policy_does_not_begin_the_time_of_Close()
    {
        TestConnection test = Blocked(SlowConsumerOptions.Close(TimeSpan.FromSeconds(5)));
        test.Connection.TrySend(Large);
        var waits = new WebSocketSendOptions { SlowConsumer = WebSocketSlowConsumerPolicy.Wait };
        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused", waits));
        _ = test.Connection.SendAsync("waits", waits).AsTask();
        _ = test.Connection.BeginMessage(WebSocketMessageKind.Text).WriteAsync("waits"u8.ToArray()).AsTask();

        test.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        Assert.Equal(WebSocketSendResult.Refused, test.Connection.TrySend("refused"));
        test.Time.Advance(TimeSpan.FromSeconds(5.2));
        Assert.Equal(WebSocketConnectionState.Closing, test.Connection.State);
    }

    [Fact]
    public void Invalid_options_are_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SlowConsumerOptions.Close(TimeSpan.FromSeconds(0.9)));
        Assert.Throws<ArgumentOutOfRangeException>(() => SlowConsumerOptions.Close(TimeSpan.FromDays(1.1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => SlowConsumerOptions.Close(Timeout.InfiniteTimeSpan));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlowConsumerOptions { Policy = (WebSocketSlowConsumerPolicy)9 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketSendOptions { SlowConsumer = (WebSocketSlowConsumerPolicy)9 });
        Assert.Equal(TimeSpan.FromSeconds(10), new SlowConsumerOptions().CloseAfter);
        Assert.True(default(WebSocketSendOptions).Compress);
    }

    private static WebSocketConnectionOptions With(SlowConsumerOptions options, int limit = Limit) => new()
    {
        Limits = new() { MaxSendBufferLength = limit },
        SlowConsumer = options,
        SendTimeout = Timeout.InfiniteTimeSpan,
        KeepAlive = KeepAliveOptions.Disabled,
    };

    private static TestConnection Blocked(SlowConsumerOptions options, DeflateSetup? deflate = null, int limit = Limit)
    {
        var test = new TestConnection(options: With(options, limit), deflate: deflate);
        test.Transport.Capacity = 0;
        return test;
    }

    private static void AssertNothingHeld(TestConnection test)
    {
        Assert.Equal(0, test.Connection.SendBufferLength);
        Assert.Equal(0, test.Pool.OutCount);
    }

    private TestConnection Noting(WebSocketSlowConsumerPolicy policy)
    {
        TestConnection test = Blocked(new SlowConsumerOptions { Policy = policy });
        test.Connection.BecameSlow += connection => Note(connection == test.Connection);
        test.Connection.CaughtUp += _ => Note(false);
        return test;
    }

    private void Note(bool isSlow)
    {
        lock (_calls)
        {
            _calls.Add(isSlow);
            _called.TrySetResult();
        }
    }

    private async Task CalledAsync(int count)
    {
        while (true)
        {
            Task called;
            lock (_calls)
            {
                if (_calls.Count >= count)
                {
                    return;
                }

                _called = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                called = _called.Task;
            }

            await called.WithDeadline();
        }
    }
}
