using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class SendQueueTests
{
    [Fact]
    public void Bytes_that_the_transport_accepts_are_Sent()
    {
        var bench = new SendQueueBench();

        Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Text, "a"u8));
        Assert.True(bench.SendAsync("b").IsCompletedSuccessfully);

        Assert.Equal("Text 'a', Text 'b'", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void Bytes_that_the_transport_does_not_accept_are_Queued_up_to_the_limit_and_then_Refused()
    {
        var bench = new SendQueueBench(limit: 20);
        bench.Transport.Capacity = 3;

        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "12345678"u8));
        Assert.Equal(7, bench.Sends.SendBufferLength);
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "12345678"u8));
        Assert.Equal(17, bench.Sends.SendBufferLength);
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, new byte[100]));
        Assert.Equal(119, bench.Sends.SendBufferLength);
        Assert.Equal(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Text, "refused"u8));
        Assert.Equal(119, bench.Sends.SendBufferLength);
        bench.Transport.Drain();

        Assert.Equal(["12345678", "12345678"], bench.Frames().Take(2).Select(frame => frame.PayloadText));
        Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Text, "again"u8));
        Assert.Equal("Text 'again'", bench.Wire());
        Assert.Equal(1, bench.DrainedCount);
    }

    [Fact]
    public void Sends_during_a_read_leave_in_one_write()
    {
        var bench = new SendQueueBench();
        bench.Sends.Cork();
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Text, "reply"u8));
        }

        bench.Sends.SendPong("pong"u8);
        Assert.Equal(0, bench.Transport.WriteCount);
        Assert.Equal((16 * 7) + 6, bench.Sends.SendBufferLength);

        bench.Sends.Uncork();

        Assert.Equal(1, bench.Transport.WriteCount);
        Assert.Equal(17, bench.Frames().Count);
        bench.Sends.TrySend(Opcode.Text, "later"u8);
        Assert.Equal(2, bench.Transport.WriteCount);
    }

    [Fact]
    public void Corked_frames_do_not_cause_a_Refused()
    {
        var bench = new SendQueueBench(limit: 1000);
        bench.Sends.Cork();

        WebSocketSendResult[] results =
            [.. Enumerable.Range(0, 10).Select(_ => bench.Sends.TrySend(Opcode.Binary, new byte[400]))];
        bench.Sends.Uncork();

        Assert.All(results, result => Assert.Equal(WebSocketSendResult.Sent, result));
        Assert.Equal(10, bench.Frames().Count);
        Assert.False(bench.Sends.IsCongested);
    }

    [Fact]
    public void A_large_payload_leaves_with_corked_frames_in_one_write()
    {
        var bench = new SendQueueBench(limit: 100_000);
        bench.Sends.Cork();
        bench.Sends.TrySend(Opcode.Text, "small"u8);

        bench.Sends.TrySend(Opcode.Binary, new byte[20_000]);

        Assert.Equal(1, bench.Transport.WriteCount);
        bench.Sends.TrySend(Opcode.Text, "after"u8);
        bench.Sends.Uncork();
        Assert.Equal("Text 'small', Binary 20000 bytes, Text 'after'", bench.Wire());
        Assert.Equal(2, bench.Transport.WriteCount);
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Fact]
    public void A_large_payload_follows_any_number_of_corked_frames()
    {
        for (int corked = 16_340; corked <= 16_390; corked++)
        {
            var bench = new SendQueueBench(limit: 1_000_000);
            bench.Sends.Cork();
            bench.Sends.TrySend(Opcode.Binary, new byte[corked - 12]);
            bench.Sends.TrySend(Opcode.Text, "123456"u8);

            bench.Sends.TrySend(Opcode.Binary, new byte[20_000]);
            bench.Sends.TrySend(Opcode.Text, "after"u8);
            bench.Sends.Uncork();

            Assert.Equal($"Binary {corked - 12} bytes, Text '123456', Binary 20000 bytes, Text 'after'", bench.Wire());
            Assert.Equal(0, bench.Sends.SendBufferLength);
            Assert.Equal(0, bench.Pool.OutCount);
        }
    }

    [Fact]
    public void A_callback_that_sends_much_corks_at_most_50_KiB()
    {
        var bench = new SendQueueBench(limit: 10_000_000);
        bench.Sends.Cork();
        for (int i = 0; i < 1_000; i++)
        {
            bench.Sends.TrySend(Opcode.Binary, new byte[1_000]);
            Assert.True(bench.Sends.SendBufferLength <= 50 * 1024, $"{bench.Sends.SendBufferLength} bytes are held back");
        }

        bench.Sends.Uncork();

        Assert.Equal(1_000, bench.Frames().Count);
        Assert.InRange(bench.Transport.WriteCount, 20, 22);
    }

    [Fact]
    public void A_send_on_another_thread_is_not_corked_and_flushes_earlier_frames()
    {
        var bench = new SendQueueBench();
        bench.Sends.Cork();
        bench.Sends.TrySend(Opcode.Text, "corked"u8);

        var other = new Thread(() => bench.Sends.TrySend(Opcode.Text, "other"u8));
        other.Start();
        other.Join();

        Assert.Equal("Text 'corked', Text 'other'", bench.Wire());
        bench.Sends.Uncork();
        Assert.Equal(1, bench.Transport.WriteCount);
    }

    [Fact]
    public void An_asynchronous_send_waits_at_the_limit_and_completes_when_there_is_room()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(200);

        Task first = bench.SendAsync("first").AsTask();
        Task second = bench.SendAsync("second").AsTask();
        Assert.False(first.IsCompleted);
        Assert.Equal(204, bench.Sends.SendBufferLength);
        Assert.Equal(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Text, "refused"u8));
        bench.Transport.Drain();

        Assert.True(first.IsCompletedSuccessfully);
        Assert.True(second.IsCompletedSuccessfully);
        Assert.Equal("Binary 200 bytes, Text 'first', Text 'second'", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void TrySend_does_not_overtake_waiting_sends()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        object writer = new();
        Task waits = bench.SendAsync("waits").AsTask();
        Task fragment = bench.SendAsync(Opcode.Text, "frag", fin: false, writer).AsTask();
        Task behind = bench.SendAsync("behind").AsTask();
        bench.Transport.Drain();
        Assert.True(waits.IsCompletedSuccessfully && fragment.IsCompletedSuccessfully);
        Assert.False(behind.IsCompleted);

        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Text, "sync"u8));
        Assert.True(bench.SendAsync(Opcode.Continuation, "ment", fin: true, writer).IsCompletedSuccessfully);

        Assert.Equal(
            "Binary 100 bytes, Text 'waits', Text… 'frag', Continuation 'ment', Text 'behind', Text 'sync'",
            bench.Wire());
        Assert.True(behind.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_send_canceled_while_it_waits_is_removed()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        using var cancellation = new CancellationTokenSource();
        Task given = bench.SendAsync("given up", cancellation.Token).AsTask();
        Task next = bench.SendAsync("next").AsTask();

        cancellation.Cancel();
        Assert.Equal(cancellation.Token, Assert.Throws<TaskCanceledException>(given.GetAwaiter().GetResult).CancellationToken);
        bench.Transport.Drain();

        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal("Binary 100 bytes, Text 'next'", bench.Wire());
    }

    [Fact]
    public void A_send_with_a_canceled_token_does_not_start()
    {
        var bench = new SendQueueBench();

        Assert.True(bench.SendAsync("never", new CancellationToken(canceled: true)).IsCanceled);

        Assert.Equal("", bench.Wire());
    }

    [Fact]
    public void Canceling_while_a_send_starts_to_wait_removes_it()
    {
        for (int round = 0; round < 500; round++)
        {
            var bench = new SendQueueBench(limit: 100);
            bench.Block(100);
            using var cancellation = new CancellationTokenSource();
            using var begin = new Barrier(2);
            var canceller = new Thread(() =>
            {
                begin.SignalAndWait();
                cancellation.Cancel();
            });
            canceller.Start();
            begin.SignalAndWait();

            Task send = bench.SendAsync("taken back", cancellation.Token).AsTask();
            Assert.True(canceller.Join(TimeSpan.FromSeconds(30)));
            bench.Transport.Drain();

            Assert.True(send.IsCanceled);
            Assert.Equal("Binary 100 bytes", bench.Wire());
            Assert.Equal(0, bench.Sends.SendBufferLength);
        }
    }

    [Fact]
    public void A_completed_send_leaves_no_registration_on_its_token()
    {
        var released = WaitingFrame.OfSender(Opcode.Text);
        using var cancellation = new CancellationTokenSource();
        int cancelled = 0;
        released.Release(System.Buffers.ArrayPool<byte>.Shared);

        // It was over before it was registered.
        released.Take(cancellation.Token.UnsafeRegister(_ => cancelled++, null));
        cancellation.Cancel();

        Assert.Equal(0, cancelled);
    }

    [Fact]
    public void Canceling_a_send_in_progress_has_no_effect() // CC-04
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        using var cancellation = new CancellationTokenSource();
        Task send = bench.SendAsync("finished", cancellation.Token).AsTask();
        bench.Transport.Drain(70);

        // Room has come, and the message is in the buffer, of which the peer has not taken everything.
        bench.Transport.Drain(32);
        Assert.True(send.IsCompletedSuccessfully);
        cancellation.Cancel();
        bench.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Text 'finished'", bench.Wire());
    }

    [Fact]
    public void A_ping_overtakes_a_fragmented_message_and_waiting_messages() // §5.4, §5.5
    {
        var bench = new SendQueueBench(limit: 1000);
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "be", fin: false, writer).IsCompletedSuccessfully);
        Task other = bench.SendAsync("other").AsTask();
        Assert.False(other.IsCompleted);

        Assert.True(bench.SendAsync(Opcode.Ping, "ping").IsCompletedSuccessfully);
        bench.Sends.SendPong("pong"u8);
        bench.Sends.TrySendPing("alive"u8);
        Assert.True(bench.SendAsync(Opcode.Continuation, "gin", fin: true, writer).IsCompletedSuccessfully);

        Assert.True(other.IsCompletedSuccessfully);
        Assert.Equal(
            "Text… 'be', Ping 'ping', Pong 'pong', Ping 'alive', Continuation 'gin', Text 'other'", bench.Wire());
    }

    [Fact]
    public void A_fragment_that_waits_for_room_precedes_other_waiting_sends()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "a", fin: false, writer).IsCompletedSuccessfully);
        bench.Transport.Capacity = 0;
        Assert.True(bench.SendAsync(Opcode.Continuation, new string('b', 100), fin: false, writer).IsCompletedSuccessfully);
        Task other = bench.SendAsync("other").AsTask();
        Task fragment = bench.SendAsync(Opcode.Continuation, "c", fin: true, writer).AsTask();
        Assert.False(fragment.IsCompleted);

        bench.Transport.Drain();

        Assert.True(fragment.IsCompletedSuccessfully && other.IsCompletedSuccessfully);
        Assert.Equal("Text… 'a', Continuation… 100 bytes, Continuation 'c', Text 'other'", bench.Wire());
    }

    [Fact]
    public void Sends_queued_behind_an_open_message_do_not_block_its_fragments()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "be", fin: false, writer).IsCompletedSuccessfully);
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Binary, new byte[200]));
        Assert.Equal(WebSocketSendResult.Refused, bench.Sends.TrySend(Opcode.Binary, new byte[200]));

        Assert.True(bench.SendAsync(Opcode.Continuation, "gi", fin: false, writer).IsCompletedSuccessfully);
        bench.Transport.Capacity = 0;
        Assert.True(bench.SendAsync(Opcode.Continuation, new string('n', 100), fin: false, writer).IsCompletedSuccessfully);
        Task end = bench.SendAsync(Opcode.Continuation, "ning", fin: true, writer).AsTask();
        Assert.False(end.IsCompleted);
        bench.Transport.Drain();

        Assert.True(end.IsCompletedSuccessfully);
        Assert.Equal(
            "Text… 'be', Continuation… 'gi', Continuation… 100 bytes, Continuation 'ning', Binary 200 bytes",
            bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Fact]
    public void A_queued_send_does_not_take_the_room_of_sends_before_it()
    {
        var bench = new SendQueueBench(limit: 100);
        object writer = new();
        Assert.True(bench.SendAsync(Opcode.Text, "be", fin: false, writer).IsCompletedSuccessfully);
        bench.Transport.Capacity = 0;
        Assert.True(bench.SendAsync(Opcode.Continuation, "gin", fin: false, writer).IsCompletedSuccessfully);
        Task first = bench.SendAsync("first").AsTask();
        Assert.Equal(WebSocketSendResult.Queued, bench.Sends.TrySend(Opcode.Binary, new byte[200]));
        Task end = bench.SendAsync(Opcode.Continuation, "", fin: true, writer).AsTask();
        Task last = bench.SendAsync("last").AsTask();

        bench.Transport.Drain();

        Assert.True(first.IsCompletedSuccessfully && end.IsCompletedSuccessfully && last.IsCompletedSuccessfully);
        Assert.Equal(
            "Text… 'be', Continuation… 'gin', Continuation '', Text 'first', Binary 200 bytes, Text 'last'",
            bench.Wire());
    }

    [Fact] // FR-60, §5.5.3
    public void At_most_one_pong_waits_and_it_replies_to_the_newest_ping()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        byte[] payload = new byte[125];
        for (int i = 0; i < 100_000; i++)
        {
            BitConverter.TryWriteBytes(payload, i);
            bench.Sends.SendPong(payload);
        }

        Assert.Equal(102, bench.Sends.SendBufferLength);
        bench.Transport.Drain();

        IReadOnlyList<RawFrame> frames = bench.Frames();
        Assert.Equal(2, frames.Count);
        Assert.Equal(99_999, BitConverter.ToInt32(frames[1].Payload));
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void Pings_have_room_beyond_the_limit_and_then_wait()
    {
        var bench = new SendQueueBench(limit: 100);
        bench.Block(100);
        string payload = new('p', 125);
        List<Task> pings = [.. Enumerable.Range(0, 40).Select(_ => bench.SendAsync(Opcode.Ping, payload).AsTask())];
        int accepted = pings.Count(ping => ping.IsCompletedSuccessfully);
        Assert.InRange(accepted, 32, 34);
        long buffered = bench.Sends.SendBufferLength;

        bench.Sends.TrySendPing("no room"u8);
        Assert.Equal(buffered, bench.Sends.SendBufferLength);
        bench.Transport.Drain();

        Assert.All(pings, ping => Assert.True(ping.IsCompletedSuccessfully));
        Assert.Equal(41, bench.Frames().Count);
    }

    [Fact]
    public void The_handshake_response_is_sent_first()
    {
        var bench = new SendQueueBench();
        bench.Sends.SendHandshake("HTTP/1.1 101\r\n\r\n"u8);
        bench.Sends.TrySend(Opcode.Text, "x"u8);

        Assert.Equal("HTTP/1.1 101\r\n\r\n\u0081\u0001x", System.Text.Encoding.Latin1.GetString(bench.Transport.TakeOutput()));
    }

    [Fact]
    public void Sends_with_the_handshake_response_leave_in_one_write()
    {
        var bench = new SendQueueBench();
        bench.Sends.Cork();
        bench.Sends.SendHandshake("HTTP/1.1 101\r\n\r\n"u8);
        bench.Sends.TrySend(Opcode.Text, "x"u8);

        bench.Sends.Uncork();

        Assert.Equal(1, bench.Transport.WriteCount);
        Assert.Equal("HTTP/1.1 101\r\n\r\n\u0081\u0001x", System.Text.Encoding.Latin1.GetString(bench.Transport.TakeOutput()));
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public void A_message_of_any_length_on_an_idle_transport_takes_one_write(string role)
    {
        // By way of the stack, of a buffer, or from where it lies.
        foreach (int length in (int[])[0, 1, 125, 126, 2_030, .. Enumerable.Range(2_040, 12), 16_383, 16_384, 65_536])
        {
            var bench = new SendQueueBench(role == "client" ? Role.Client : Role.Server);
            byte[] payload = new byte[length];
            new Random(length).NextBytes(payload);

            Assert.Equal(WebSocketSendResult.Sent, bench.Sends.TrySend(Opcode.Binary, payload));

            Assert.Equal(1, bench.Transport.WriteCount);
            Assert.Equal(payload, Assert.Single(bench.Frames()).Payload);
            Assert.Equal(0, bench.Sends.SendBufferLength);
            Assert.Equal(0, bench.Pool.OutCount);
        }
    }

    [Fact] // §5.4
    public void A_waiting_pong_is_sent_between_segments_and_never_inside_a_frame()
    {
        var bench = new SendQueueBench(limit: 1_000_000);
        bench.Transport.Capacity = 0;
        for (int i = 0; i < 100; i++)
        {
            bench.Sends.TrySend(Opcode.Binary, new byte[999]);
        }

        bench.Sends.SendPong("soon"u8);
        bench.Transport.Drain(500);
        bench.Transport.Drain();

        List<string> frames = [.. bench.Frames().Select(frame => frame.ToString())];
        Assert.Equal(101, frames.Count);
        Assert.Equal(1, frames.IndexOf("Pong 'soon'"));
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }
}
