using System.Text;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Messages that can be replaced or removed until their bytes are written: what a policy for slow consumers needs.</summary>
public sealed class ReplaceableSendsTests
{
    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");

    [Fact]
    public void A_message_that_can_be_written_at_once_is_written()
    {
        var bench = new SendQueueBench();

        Assert.Equal(WebSocketSendResult.Sent, Send(bench, "first", out WaitingFrame? waiting));

        Assert.Null(waiting);
        Assert.Equal("Text 'first'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_queued_message_can_be_removed_and_the_others_keep_their_order()
    {
        SendQueueBench bench = Blocked();
        Send(bench, "a", out _);
        Send(bench, "dropped", out WaitingFrame? dropped);
        bench.Sends.TrySend(Opcode.Text, "b"u8);
        Send(bench, "c", out _);
        Assert.Equal(102 + 3 + 9 + 3 + 3, bench.Sends.SendBufferLength);
        int rented = bench.Pool.OutCount;

        Assert.True(bench.Sends.TryRemove(dropped!));
        Assert.False(bench.Sends.TryRemove(dropped!));
        Assert.False(bench.Sends.TryReplace(dropped!, Opcode.Text, "late"u8));

        Assert.Equal(102 + 3 + 3 + 3, bench.Sends.SendBufferLength);
        Assert.Equal(rented - 1, bench.Pool.OutCount);
        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'a', Text 'b', Text 'c'", bench.Wire());
        AssertAtRest(bench);
    }

    [Theory]
    [InlineData("longer than before")]
    [InlineData("")]
    public void A_queued_message_can_be_replaced_and_keeps_its_place(string text)
    {
        SendQueueBench bench = Blocked();
        Send(bench, "a", out _);
        Send(bench, "old", out WaitingFrame? waiting);
        Send(bench, "b", out _);
        int rented = bench.Pool.OutCount;

        Assert.True(bench.Sends.TryReplace(waiting!, Opcode.Text, Encoding.UTF8.GetBytes(text)));

        Assert.Equal(102 + 3 + (2 + text.Length) + 3, bench.Sends.SendBufferLength);
        Assert.Equal(rented, bench.Pool.OutCount);
        bench.Transport.Drain();
        Assert.Equal($"Binary 100 bytes, Text 'a', Text '{text}', Text 'b'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_prepared_message_can_replace_another()
    {
        SendQueueBench bench = Blocked();
        Send(bench, "old", out WaitingFrame? waiting);
        var prepared = WebSocketPreparedMessage.Text("prepared");

        Assert.True(bench.Sends.TryReplace(waiting!, prepared.Plain, prepared.Payload.Span));

        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'prepared'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_message_that_is_being_written_is_neither_removed_nor_replaced()
    {
        SendQueueBench bench = Blocked();
        Send(bench, "being written", out WaitingFrame? waiting);

        // All of the first message, and one byte of the second.
        bench.Transport.Drain(102 + 1);

        Assert.False(bench.Sends.TryRemove(waiting!));
        Assert.False(bench.Sends.TryReplace(waiting!, Opcode.Text, "other"u8));
        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'being written'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void Messages_behind_a_long_write_in_progress_stay_replaceable()
    {
        var bench = new SendQueueBench(limit: 1_000_000);
        bench.Block(100_000);
        Send(bench, "dropped", out WaitingFrame? dropped);
        Send(bench, "kept", out WaitingFrame? kept);

        bench.Transport.Drain(50_000);

        Assert.True(bench.Sends.TryRemove(dropped!));
        Assert.True(bench.Sends.TryReplace(kept!, Opcode.Text, "newest"u8));
        bench.Transport.Drain();
        Assert.Equal("Binary 100000 bytes, Text 'newest'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void Only_the_messages_of_one_write_are_serialized_at_a_time()
    {
        var bench = new SendQueueBench(limit: 1_000_000);
        bench.Block(100);
        byte[] payload = new byte[10_000];
        var waiting = new WaitingFrame?[10];
        for (int i = 0; i < waiting.Length; i++)
        {
            bench.Sends.TrySendReplaceable(Opcode.Binary, payload, out waiting[i]);
        }

        bench.Transport.Drain(102);

        Assert.False(bench.Sends.TryRemove(waiting[0]!));
        Assert.False(bench.Sends.TryRemove(waiting[1]!));
        Assert.All(waiting[2..], frame => Assert.True(bench.Sends.TryRemove(frame!)));
        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Binary 10000 bytes, Binary 10000 bytes", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_message_without_room_is_refused_until_a_removal_makes_room()
    {
        var bench = new SendQueueBench(limit: 1_000);
        bench.Block(100);
        bench.Sends.TrySendReplaceable(Opcode.Binary, new byte[1_000], out WaitingFrame? large);
        Assert.True(bench.Sends.IsCongested);
        Assert.Equal(WebSocketSendResult.Refused, Send(bench, "refused", out WaitingFrame? refused));
        Assert.Null(refused);
        Task waits = bench.SendAsync("waits").AsTask();

        Assert.True(bench.Sends.TryRemove(large!));

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.False(bench.Sends.IsCongested);
        Assert.Equal(1, bench.DrainedCount);
        Assert.Equal(WebSocketSendResult.Queued, Send(bench, "again", out _));
        bench.Transport.Drain();
        Assert.Equal("Binary 100 bytes, Text 'waits', Text 'again'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_replacement_counts_with_its_own_length()
    {
        var bench = new SendQueueBench(limit: 1_000);
        bench.Block(100);
        bench.Sends.TrySendReplaceable(Opcode.Binary, new byte[1_000], out WaitingFrame? waiting);

        Assert.True(bench.Sends.TryReplace(waiting!, Opcode.Binary, new byte[2_000]));
        Assert.True(bench.Sends.IsCongested);
        Assert.Equal(0, bench.DrainedCount);
        Assert.True(bench.Sends.TryReplace(waiting!, Opcode.Binary, new byte[10]));

        Assert.False(bench.Sends.IsCongested);
        Assert.Equal(1, bench.DrainedCount);
        Assert.Equal(102 + 12, bench.Sends.SendBufferLength);
    }

    [Fact] // §5.4
    public void A_message_that_waits_for_an_open_one_can_be_replaced_and_removed()
    {
        var bench = new SendQueueBench();
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "be", fin: false, writer).IsCompletedSuccessfully);
        Send(bench, "old", out WaitingFrame? replaced);
        Send(bench, "dropped", out WaitingFrame? dropped);

        Assert.True(bench.Sends.TryReplace(replaced!, Opcode.Text, "new"u8));
        Assert.True(bench.Sends.TryRemove(dropped!));
        Assert.True(bench.SendAsync(Opcode.Continuation, "gin", fin: true, writer).IsCompletedSuccessfully);

        Assert.Equal("Text… 'be', Continuation 'gin', Text 'new'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_message_that_waits_for_a_turn_is_sent_when_the_turn_is_released()
    {
        var bench = new SendQueueBench();
        Assert.True(bench.Sends.TryTakeTurn(new OutgoingFrame(Opcode.Text).TurnOf(new object())));
        Send(bench, "waited", out WaitingFrame? waiting);
        Assert.NotNull(waiting);

        bench.Sends.GiveUpTurn();
        bench.Sends.Flush();

        Assert.Equal("Text 'waited'", bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void A_control_frame_that_waits_for_room_is_written_after_a_removal()
    {
        var bench = new SendQueueBench(limit: 1_000);
        Assert.True(bench.SendAsync(Opcode.Text, "open", fin: false, new object()).IsCompletedSuccessfully);
        bench.Sends.TrySendReplaceable(Opcode.Binary, new byte[6_000], out WaitingFrame? large);
        Task ping = bench.SendAsync(Opcode.Ping, "ping").AsTask();
        Assert.False(ping.IsCompleted);

        Assert.True(bench.Sends.TryRemove(large!));

        Assert.True(ping.IsCompletedSuccessfully);
        Assert.Equal("Text… 'open', Ping 'ping'", bench.Wire());
    }

    [Fact]
    public void Pings_and_pongs_overtake_waiting_messages()
    {
        SendQueueBench bench = Blocked();
        Send(bench, "waits", out _);

        bench.Sends.TrySendPing("ping"u8);
        bench.Sends.SendPong("pong"u8);
        bench.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Pong 'pong', Ping 'ping', Text 'waits'", bench.Wire());
    }

    [Theory]
    [InlineData(true, "Binary 100 bytes, Text 'waits', Close 1000")]
    [InlineData(false, "Binary 100 bytes, Close 1000")]
    public void A_close_frame_follows_waiting_messages_or_drops_them(bool afterPending, string expected)
    {
        SendQueueBench bench = Blocked();
        Send(bench, "waits", out WaitingFrame? waiting);

        bench.Sends.SendClose(Normal, afterPending);
        Assert.Equal(WebSocketSendResult.Closed, Send(bench, "late", out _));
        bench.Transport.Drain();

        Assert.False(bench.Sends.TryRemove(waiting!));
        Assert.Equal(expected, bench.Wire());
        AssertAtRest(bench);
    }

    [Fact]
    public void The_end_of_the_transport_returns_the_memory_of_waiting_messages()
    {
        SendQueueBench bench = Blocked();
        Send(bench, "waits", out WaitingFrame? waiting);

        bench.Transport.Abort(null);

        Assert.False(bench.Sends.TryRemove(waiting!));
        Assert.False(bench.Sends.TryReplace(waiting!, Opcode.Text, "late"u8));
        AssertAtRest(bench);
    }

    [Theory]
    [InlineData(Role.Server)]
    [InlineData(Role.Client)]
    internal void Whatever_is_removed_or_replaced_the_rest_is_sent_in_order_and_nothing_is_left(Role role)
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var bench = new SendQueueBench(role, limit: 100_000);
            List<string> expected = [];
            List<(WaitingFrame Waiting, int Index)> waiting = [];
            bench.Transport.Capacity = 0;
            for (int step = 0; step < 60; step++)
            {
                string text = seed + "/" + step + new string('x', random.Next(4) == 0 ? random.Next(9_000) : random.Next(9));
                byte[] payload = Encoding.UTF8.GetBytes(text);
                switch (random.Next(6))
                {
                    case 0:
                        Assert.NotEqual(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Text, payload));
                        expected.Add(text);
                        break;

                    case 1 or 2:
                        Assert.NotEqual(
                            WebSocketSendResult.Refused,
                            bench.Sends.TrySendReplaceable(Opcode.Text, payload, out WaitingFrame? added));
                        expected.Add(text);
                        if (added is not null)
                        {
                            waiting.Add((added, expected.Count - 1));
                        }

                        break;

                    case 3 when waiting.Count != 0:
                        (WaitingFrame removed, int index) = waiting[random.Next(waiting.Count)];
                        expected[index] = bench.Sends.TryRemove(removed) ? "" : expected[index];
                        break;

                    case 4 when waiting.Count != 0:
                        (WaitingFrame replaced, index) = waiting[random.Next(waiting.Count)];
                        expected[index] = bench.Sends.TryReplace(replaced, Opcode.Text, payload) ? text : expected[index];
                        break;

                    default:
                        bench.Transport.Drain(random.Next(20_000));
                        break;
                }
            }

            bench.Transport.Drain();

            Assert.Equal(expected.Where(text => text.Length != 0), bench.Frames().Select(frame => frame.PayloadText));
            AssertAtRest(bench);
        }
    }

    [Fact]
    public async Task Removing_and_replacing_while_another_thread_writes_loses_no_message_and_no_memory()
    {
        var bench = new SendQueueBench(limit: int.MaxValue);
        bench.Transport.Capacity = 0;
        List<string> expected = [];
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
            string text = $"{i}";
            bench.Sends.TrySendReplaceable(Opcode.Text, Encoding.UTF8.GetBytes(text), out WaitingFrame? waiting);
            bool isRemoved = waiting is not null && i % 3 == 0 && bench.Sends.TryRemove(waiting);
            bool isReplaced = waiting is not null && i % 3 == 1 && bench.Sends.TryReplace(waiting, Opcode.Text, "new"u8);
            if (!isRemoved)
            {
                expected.Add(isReplaced ? "new" : text);
            }
        }

        await stop.CancelAsync();
        await drains;
        bench.Transport.Drain();

        Assert.Equal(expected, bench.Frames().Select(frame => frame.PayloadText));
        AssertAtRest(bench);
    }

    private static SendQueueBench Blocked()
    {
        var bench = new SendQueueBench();
        bench.Block(100);
        return bench;
    }

    private static WebSocketSendResult Send(SendQueueBench bench, string text, out WaitingFrame? waiting) =>
        bench.Sends.TrySendReplaceable(Opcode.Text, Encoding.UTF8.GetBytes(text), out waiting);

    private static void AssertAtRest(SendQueueBench bench)
    {
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
        Assert.False(bench.Pool.HasFault);
    }
}
