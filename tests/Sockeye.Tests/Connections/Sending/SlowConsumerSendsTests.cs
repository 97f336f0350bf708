using System.Text;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>What a send queue does with messages under the policies for slow consumers that drop messages.</summary>
public sealed class SlowConsumerSendsTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest)]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest)]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey)]
    public void A_message_that_can_be_written_at_once_is_written(WebSocketSlowConsumerPolicy policy)
    {
        var bench = new SendQueueBench();

        Assert.Equal(WebSocketSendResult.Sent, Send(bench, "first", policy, "key"));
        Assert.Equal(WebSocketSendResult.Sent, Send(bench, "second", policy, "key"));

        Assert.Equal("Text 'first', Text 'second'", bench.Wire());
        AssertAtRest(bench, default);
    }

    [Fact]
    public void The_newest_message_is_dropped_at_the_limit()
    {
        SendQueueBench bench = Blocked();
        Assert.Equal(WebSocketSendResult.Queued, Newest(bench, new string('a', 1_000)));

        Assert.Equal(WebSocketSendResult.Dropped, Newest(bench, "b"));
        Assert.Equal(WebSocketSendResult.Dropped, Newest(bench, "c"));

        Assert.Equal(1, bench.SlowCount);
        Assert.True(bench.Sends.IsSlow);
        bench.Transport.Drain();
        Assert.False(bench.Sends.IsSlow);
        Assert.Equal(WebSocketSendResult.Sent, Newest(bench, "d"));
        Assert.Equal("Binary 100 bytes, Text 1000 bytes, Text 'd'", bench.Wire());
        AssertAtRest(bench, new SendDrops(Newest: 2, 0, 0));
    }

    [Fact]
    public void The_oldest_messages_are_dropped_until_there_is_room()
    {
        SendQueueBench bench = Blocked();
        Oldest(bench, "a");
        Oldest(bench, "b");
        Oldest(bench, new string('c', 1_000));
        Assert.Equal(102 + 3 + 3 + 1_004, bench.Sends.SendBufferLength);
        Assert.True(bench.Sends.IsCongested);
        int rented = bench.Pool.OutCount;

        Assert.Equal(WebSocketSendResult.Queued, Oldest(bench, "d"));

        Assert.Equal(102 + 3, bench.Sends.SendBufferLength);
        Assert.Equal(rented - 2, bench.Pool.OutCount);
        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'd'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, Oldest: 3, 0));
    }

    [Fact]
    public void The_newest_message_is_dropped_if_no_older_one_may_be()
    {
        SendQueueBench bench = Blocked();
        bench.Sends.TrySend(Opcode.Binary, new byte[2_000]);

        Assert.Equal(WebSocketSendResult.Dropped, Oldest(bench, "dropped"));

        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Binary 2000 bytes", bench.Wire());
        AssertAtRest(bench, new SendDrops(Newest: 1, 0, 0));
    }

    [Fact]
    public void Dropping_the_oldest_spares_messages_of_other_policies()
    {
        SendQueueBench bench = Blocked();
        Latest(bench, "keyed", "key");
        Oldest(bench, "a");
        bench.Sends.TrySend(Opcode.Text, "plain"u8);
        Oldest(bench, new string('b', 1_000));
        Task waits = bench.SendAsync("waits").AsTask();

        Oldest(bench, "c");

        bench.Transport.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal("Binary 100 bytes, Text 'keyed', Text 'plain', Text 'waits', Text 'c'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, Oldest: 2, 0));
    }

    [Theory]
    [InlineData("longer than before")]
    [InlineData("")]
    public void A_message_replaces_the_waiting_one_with_its_key_and_takes_its_place(string text)
    {
        SendQueueBench bench = Blocked();
        Latest(bench, "a", "A");
        Latest(bench, "old", "B");
        Latest(bench, "c", "C");
        int rented = bench.Pool.OutCount;

        // The key is compared by its characters.
        Assert.Equal(WebSocketSendResult.Queued, Latest(bench, text, new string('B', 1)));

        Assert.Equal(102 + 3 + (2 + text.Length) + 3, bench.Sends.SendBufferLength);
        Assert.Equal(rented, bench.Pool.OutCount);
        Assert.Equal(1, bench.SlowCount);
        bench.Transport.Drain();
        Assert.Equal($"Binary 100 bytes, Text 'a', Text '{text}', Text 'c'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 0, Replaced: 1));
    }

    [Fact]
    public void A_prepared_message_replaces_another()
    {
        SendQueueBench bench = Blocked();
        Latest(bench, "old", "key");
        var prepared = WebSocketPreparedMessage.Text("prepared");

        bench.Sends.SendOrDrop(prepared.Plain, prepared.Payload.Span, SendMode.LatestPerKey, "key");

        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'prepared'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 0, Replaced: 1));
    }

    [Fact]
    public void A_message_that_is_being_written_is_not_replaced_and_the_newer_one_follows_it()
    {
        SendQueueBench bench = Blocked();
        Latest(bench, "being written", "key");

        // All of the first message, and one byte of the second.
        bench.Transport.Drain(102 + 1);
        Latest(bench, "newer", "key");
        Latest(bench, "newest", "key");

        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'being written', Text 'newest'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 0, Replaced: 1));
    }

    [Fact]
    public void Messages_behind_a_long_write_in_progress_can_still_be_replaced_and_dropped()
    {
        var bench = new SendQueueBench(limit: 100_000);
        bench.Block(100_000);
        bench.Transport.Drain(50_000);
        Latest(bench, "old", "key");
        Oldest(bench, new string('x', 60_000));

        Latest(bench, "new", "key");
        Oldest(bench, "y");

        bench.Transport.Drain();
        Assert.Equal("Binary 100000 bytes, Text 'new', Text 'y'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 1, 1));
    }

    [Fact]
    public void Only_the_messages_of_one_write_are_serialized_at_a_time()
    {
        var bench = new SendQueueBench(limit: 1_000_000);
        bench.Block(100);
        for (int i = 0; i < 10; i++)
        {
            Latest(bench, new string('x', 10_000), $"{i}");
        }

        // The write that begins has two of the messages.
        bench.Transport.Drain(102);
        for (int i = 0; i < 10; i++)
        {
            Latest(bench, $"new {i}", $"{i}");
        }

        bench.Transport.Drain();
        Assert.Equal(
            "Binary 100 bytes, Text 10000 bytes, Text 10000 bytes, "
            + string.Join(", ", Enumerable.Range(2, 8).Concat([0, 1]).Select(i => $"Text 'new {i}'")),
            bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 0, 8));
    }

    [Fact]
    public void Messages_with_keys_have_room_of_their_own()
    {
        var bench = new SendQueueBench(limit: 1_000);
        bench.Block(5_000);

        Assert.Equal(WebSocketSendResult.Queued, Latest(bench, new string('a', 500), "A"));
        Assert.Equal(WebSocketSendResult.Queued, Latest(bench, new string('b', 500), "B"));
        Assert.Equal(WebSocketSendResult.Refused, Latest(bench, "c", "C"));
        Assert.Equal(1, bench.NoRoomCount);
        Assert.Equal(WebSocketSendResult.Queued, Latest(bench, "b", "B"));
        Assert.Equal(WebSocketSendResult.Queued, Latest(bench, "c", "C"));

        bench.Transport.Drain();
        Assert.Equal("Binary 5000 bytes, Text 500 bytes, Text 'b', Text 'c'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 0, 1));
    }

    [Fact]
    public void A_peer_with_replaced_messages_is_slow_until_everything_has_been_written()
    {
        SendQueueBench bench = Blocked();
        Latest(bench, "old", "key");
        Assert.False(bench.Sends.IsSlow);
        Latest(bench, "new", "key");
        Latest(bench, "newest", "key");
        Assert.True(bench.Sends.IsSlow);
        Assert.Equal(1, bench.SlowCount);

        bench.Transport.Drain(102);
        Assert.True(bench.Sends.IsSlow);
        Assert.Equal(0, bench.DrainedCount);
        bench.Transport.Drain();

        Assert.False(bench.Sends.IsSlow);
        Assert.Equal(1, bench.DrainedCount);
    }

    [Fact]
    public void A_peer_has_caught_up_once_the_buffer_is_at_half_its_limit_and_no_key_waits_although_it_is_never_empty()
    {
        var bench = new SendQueueBench(limit: 100_000);
        bench.Block(70_000);
        for (int i = 0; i < 120; i++)
        {
            Latest(bench, new string('x', 1_000), $"{i % 60}");
        }

        Assert.True(bench.Sends.IsSlow && bench.Sends.IsCongested);
        for (int i = 0; i < 500 && bench.Sends.IsSlow; i++)
        {
            bench.Transport.Drain(1_004);
            bench.Transport.Capacity = 0;
            if (bench.Sends.SendBufferLength < 45_000)
            {
                // A sender that always has a message ready.
                bench.Sends.TrySend(Opcode.Binary, new byte[1_000]);
            }
        }

        Assert.False(bench.Sends.IsSlow || bench.Sends.IsCongested);
        Assert.InRange(bench.Sends.SendBufferLength, 1, 50_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Empty_messages_that_wait_fill_the_send_buffer(bool haveKeys)
    {
        var bench = new SendQueueBench(limit: 10 * (2 + WaitingFrame.EntryLength));
        bench.Block(1);
        for (int i = 0; i < 100; i++)
        {
            _ = haveKeys ? Latest(bench, "", $"{i}") : Oldest(bench, "");
        }

        // Only the frames count as bytes to be sent.
        Assert.Equal(3 + (10 * 2), bench.Sends.SendBufferLength);
        Assert.Equal(haveKeys ? 90 : 0, bench.NoRoomCount);
        Assert.Equal(haveKeys ? 0 : 90, bench.Drops.Oldest);
        Assert.True(bench.Sends.IsCongested);
        bench.Transport.Drain();
        Assert.False(bench.Sends.IsCongested);
        AssertAtRest(bench, bench.Drops);
    }

    [Fact]
    public void A_message_that_waits_costs_about_what_is_counted_for_it()
    {
        const int Count = 10_000;
        string[] keys = [.. Enumerable.Range(0, Count).Select(i => $"{i}")];
        var bench = new SendQueueBench(limit: int.MaxValue);
        bench.Block(1);
        byte[] payload = new byte[1];
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (string key in keys)
        {
            bench.Sends.SendOrDrop(Opcode.Text, payload, SendMode.LatestPerKey, key);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Count, 1, 2 * WaitingFrame.EntryLength);
    }

    [Fact]
    public void A_shorter_replacement_ends_a_congestion_and_is_reported()
    {
        SendQueueBench bench = Blocked();
        Latest(bench, new string('x', 1_000), "key");
        Assert.True(bench.Sends.IsCongested);

        Latest(bench, new string('x', 2_000), "key");
        Assert.True(bench.Sends.IsCongested);
        Latest(bench, "x", "key");

        Assert.False(bench.Sends.IsCongested);
        Assert.Equal(1, bench.DrainedCount);
        Assert.Equal(102 + 3, bench.Sends.SendBufferLength);
    }

    [Theory] // §5.4
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest, "Text… 'be', Continuation 'gin', Text 'a', Text 'b'")]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest, "Text… 'be', Continuation 'gin', Text 'a', Text 'b'")]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey, "Text… 'be', Continuation 'gin', Text 'b'")]
    public void A_message_waits_for_the_end_of_an_open_one(WebSocketSlowConsumerPolicy policy, string expected)
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "be", fin: false, writer).IsCompletedSuccessfully);
        Assert.Equal(WebSocketSendResult.Queued, Send(bench, "a", policy, "key"));
        Assert.Equal(WebSocketSendResult.Queued, Send(bench, "b", policy, "key"));

        Assert.True(bench.SendAsync(Opcode.Continuation, "gin", fin: true, writer).IsCompletedSuccessfully);

        Assert.Equal(expected, bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void A_fragment_waits_for_room_and_is_never_dropped()
    {
        SendQueueBench bench = Blocked();
        Oldest(bench, new string('x', 1_000));
        object writer = new();
        Task first = bench.SendAsync(Opcode.Text, "be", fin: false, writer).AsTask();

        Assert.Equal(WebSocketSendResult.Queued, Oldest(bench, "y"));
        bench.Transport.Drain();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.True(bench.SendAsync(Opcode.Continuation, "gin", fin: true, writer).IsCompletedSuccessfully);

        Assert.Equal("Binary 100 bytes, Text… 'be', Continuation 'gin', Text 'y'", bench.Wire());
        AssertAtRest(bench, new SendDrops(0, 1, 0));
    }

    [Theory]
    // Messages that cannot be dropped are serialized already.
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest, "Binary 100 bytes, Pong 'pong', Text 2000 bytes, Ping 'ping'")]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest, "Binary 100 bytes, Pong 'pong', Ping 'ping', Text 2000 bytes")]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey, "Binary 100 bytes, Pong 'pong', Ping 'ping', Text 2000 bytes")]
    public void Control_frames_have_room_when_messages_have_none(WebSocketSlowConsumerPolicy policy, string expected)
    {
        SendQueueBench bench = Blocked();
        Send(bench, new string('x', 2_000), policy, "key");

        bench.Sends.TrySendPing("ping"u8);
        bench.Sends.SendPong("pong"u8);
        bench.Transport.Drain();

        Assert.Equal(expected, bench.Wire());
    }

    [Theory]
    [InlineData(true, "Binary 100 bytes, Text 'waits', Text 'keyed', Close 1000")]
    [InlineData(false, "Binary 100 bytes, Close 1000")]
    public void A_close_frame_follows_waiting_messages_or_drops_them(bool afterPending, string expected)
    {
        SendQueueBench bench = Blocked();
        Oldest(bench, "waits");
        Latest(bench, "keyed", "key");

        bench.Sends.SendClose(Normal, afterPending);
        Assert.Equal(WebSocketSendResult.Closed, Newest(bench, "late"));
        Assert.Equal(WebSocketSendResult.Closed, Oldest(bench, new string('x', 2_000)));
        Assert.Equal(WebSocketSendResult.Closed, Latest(bench, "late", "key"));
        bench.Transport.Drain();

        Assert.Equal(expected, bench.Wire());
        AssertAtRest(bench, default);
    }

    [Fact]
    public void The_end_of_the_transport_returns_the_memory_of_waiting_messages()
    {
        SendQueueBench bench = Blocked();
        Oldest(bench, "waits");
        Latest(bench, "keyed", "key");

        bench.Transport.Abort(null);

        AssertAtRest(bench, default);
    }

    [Theory]
    [InlineData(Role.Server)]
    [InlineData(Role.Client)]
    internal void Any_sequence_of_sends_delivers_what_the_model_delivers(Role role)
    {
        var policies = Enum.GetValues<WebSocketSlowConsumerPolicy>();
        for (int seed = 0; seed < 1_000; seed++)
        {
            var random = new Random(seed);
            int limit = random.Next(1, 4) * 1_000;
            var bench = new SendQueueBench(role, limit);
            var model = new SlowConsumerModel(role, limit);
            bench.Transport.Capacity = 0;
            for (int step = 0; step < 80; step++)
            {
                string text = $"{seed}/{step} " + new string('x', random.Next(3) == 0 ? random.Next(1_500) : random.Next(9));
                WebSocketSlowConsumerPolicy policy = policies[random.Next(policies.Length)];
                string? key = random.Next(4) == 0 ? null : $"{random.Next(3)}";
                if (random.Next(8) == 0)
                {
                    int blocked = bench.Transport.BlockedLength;
                    int count = random.Next(3_000);
                    bench.Transport.Drain(count);
                    if (blocked != 0 && count >= blocked)
                    {
                        model.NoteTaken(bench.Transport.WrittenLength);
                    }
                }
                else
                {
                    bool wasBlocked = bench.Sends.IsBlocked;
                    WebSocketSendResult result = Send(bench, text, policy, key);

                    WebSocketSendResult expected = model.Send(text, policy, key, wasBlocked, bench.Sends.IsBlocked);
                    Assert.Equal((seed, step, expected), (seed, step, result));
                    if (!wasBlocked)
                    {
                        model.NoteTaken(bench.Transport.WrittenLength);
                    }
                }

                Assert.Equal((seed, step, model.BufferedLength), (seed, step, bench.Sends.SendBufferLength));
            }

            bench.Transport.Drain();

            Assert.Equal(model.Delivered, bench.Frames().Select(frame => frame.PayloadText));
            AssertAtRest(bench, model.Drops);
        }
    }

    [Fact]
    public async Task The_newest_message_of_each_key_arrives_in_order_while_another_thread_writes()
    {
        var bench = new SendQueueBench(limit: int.MaxValue);
        bench.Transport.Capacity = 0;
        using var stop = new CancellationTokenSource();
        Task drains = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    bench.Transport.Drain(100);
                }
            },
            CancellationToken.None);

        for (int i = 0; i < 20_000; i++)
        {
            Latest(bench, $"{i % 7} {i}", $"{i % 7}");
        }

        await stop.CancelAsync();
        await drains;
        bench.Transport.Drain();

        string[][] delivered = [.. bench.Frames().Select(frame => frame.PayloadText.Split(' '))];
        for (int key = 0; key < 7; key++)
        {
            int[] values = [.. delivered.Where(words => words[0] == $"{key}").Select(words => int.Parse(words[1]))];
            Assert.Equal(values.Order(), values);
            Assert.Equal(Enumerable.Range(20_000 - 7, 7).Single(value => value % 7 == key), values[^1]);
        }

        Assert.Equal(20_000, delivered.Length + bench.Drops.Replaced);
        AssertAtRest(bench, bench.Drops);
    }

    private static SendQueueBench Blocked()
    {
        var bench = new SendQueueBench();
        bench.Block(100);
        return bench;
    }

    private static WebSocketSendResult Newest(SendQueueBench bench, string text) =>
        Send(bench, text, WebSocketSlowConsumerPolicy.DropNewest, key: null);

    private static WebSocketSendResult Oldest(SendQueueBench bench, string text) =>
        Send(bench, text, WebSocketSlowConsumerPolicy.DropOldest, key: null);

    private static WebSocketSendResult Latest(SendQueueBench bench, string text, string key) =>
        Send(bench, text, WebSocketSlowConsumerPolicy.LatestPerKey, key);

    private static WebSocketSendResult Send(
        SendQueueBench bench, string text, WebSocketSlowConsumerPolicy policy, string? key)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        SendMode mode = SendRules.ModeOf(policy, key);
        return mode == SendMode.Try
            ? bench.Sends.TrySend(Opcode.Text, payload)
            : bench.Sends.SendOrDrop(Opcode.Text, payload, mode, mode == SendMode.LatestPerKey ? key : null);
    }

    private static void AssertAtRest(SendQueueBench bench, SendDrops drops)
    {
        Assert.Equal(drops, bench.Drops);
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
