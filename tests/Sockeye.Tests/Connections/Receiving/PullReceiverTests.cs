using Sockeye.Connections.Receiving;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Messages received with ReceiveAsync: none is lost or corrupted.</summary>
public sealed class PullReceiverTests
{
    private static readonly WebSocketConnectionOptions SmallInbox =
        new WebSocketConnectionOptions { Limits = new() { MaxInboxLength = 200 } };

    [Fact]
    public void Messages_received_before_the_first_ReceiveAsync_are_kept()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Receive(Opcode.Binary, "two"u8);

        WebSocketMessage first = Now(test.Connection.ReceiveMessageAsync());
        Assert.Equal("one", first.GetText());
        Assert.Equal(WebSocketMessageKind.Text, first.Kind);
        WebSocketMessage second = Now(test.Connection.ReceiveMessageAsync());

        Assert.Equal("two"u8, second.Payload.Span);
        Assert.Equal(WebSocketMessageKind.Binary, second.Kind);
    }

    [Fact]
    public async Task A_pending_receive_gets_the_next_message()
    {
        var test = new TestConnection();
        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();
        Assert.False(receive.IsCompleted);

        test.Receive("late");

        Assert.Equal("late", (await receive).GetText());
    }

    [Fact] // CC-03
    public async Task A_concurrent_receive_throws_and_does_not_affect_the_first()
    {
        var test = new TestConnection();
        Task<WebSocketMessage> first = test.Connection.ReceiveMessageAsync().AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Connection.ReceiveAsync().AsTask());
        test.Receive("for the first");

        Assert.Equal("for the first", (await first).GetText());
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact] // CC-08
    public async Task A_receive_that_is_awaited_twice_throws_and_the_next_receives_get_every_message()
    {
        var test = new TestConnection();
        ValueTask<WebSocketMessage?> first = test.Connection.ReceiveAsync();
        test.Receive("one");
        Assert.Equal("one", (await first)!.Value.GetText());
        ValueTask<WebSocketMessage?> second = test.Connection.ReceiveAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await first);
        test.Receive("two");
        test.Receive("three");

        Assert.Equal("two", (await second)!.Value.GetText());
        Assert.Equal("three", (await test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Fact] // CC-08
    public async Task A_receive_that_is_never_awaited_is_reported_by_the_next_and_can_still_be_awaited()
    {
        var test = new TestConnection();
        ValueTask<WebSocketMessage?> forgotten = test.Connection.ReceiveAsync();
        test.Receive("one");
        test.Receive("two");

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Connection.ReceiveAsync().AsTask());

        Assert.Equal("one", (await forgotten)!.Value.GetText());
        Assert.Equal("two", (await test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Fact] // CC-03
    public void A_concurrent_receive_does_not_take_back_a_delivered_message()
    {
        var test = new TestConnection();
        ValueTask<WebSocketMessage?> first = test.Connection.ReceiveAsync();
        test.Receive("first");
        Assert.True(first.IsCompleted);

        // The first receiver's continuation is on its way, on another thread.
        Assert.True(test.Connection.ReceiveAsync().IsFaulted);

        Assert.Equal("first"u8, first.GetAwaiter().GetResult()!.Value.Payload.Span);
    }

    [Fact] // CC-05
    public async Task Canceling_a_receive_loses_no_message()
    {
        var test = new TestConnection();
        for (int i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync(cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            OperationCanceledException cancelled =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
            Assert.Equal(cancellation.Token, cancelled.CancellationToken);
            test.Receive($"message {i}");
            Assert.Equal($"message {i}", Now(test.Connection.ReceiveMessageAsync()).GetText());
        }
    }

    [Fact]
    public async Task A_receive_with_a_canceled_token_takes_no_message()
    {
        var test = new TestConnection();
        test.Receive("kept");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => test.Connection.ReceiveMessageAsync(new CancellationToken(canceled: true)).AsTask());

        Assert.Equal("kept", Now(test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task A_late_cancellation_does_not_affect_the_next_receive()
    {
        var test = new TestConnection();
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketMessage> first = test.Connection.ReceiveMessageAsync(cancellation.Token).AsTask();
        test.Receive("first");
        await first;
        Task<WebSocketMessage> second = test.Connection.ReceiveMessageAsync().AsTask();

        await cancellation.CancelAsync();
        Assert.False(second.IsCompleted);
        test.Receive("second");

        Assert.Equal("second", (await second).GetText());
    }

    [Fact]
    public async Task Cancellations_that_race_messages_lose_no_message()
    {
        var test = new TestConnection();
        const int count = 3_000;
        var feeder = new Thread(() =>
        {
            for (int i = 0; i < count; i++)
            {
                test.Receive($"{i}");
            }
        });
        feeder.Start();

        int expected = 0;
        while (expected < count)
        {
            using var cancellation = new CancellationTokenSource();
            Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync(cancellation.Token).AsTask();
            if (expected % 2 == 0)
            {
                await cancellation.CancelAsync();
            }

            try
            {
                Assert.Equal($"{expected}", (await receive).GetText());
                expected++;
            }
            catch (OperationCanceledException)
            {
                test.Connection.ReceiveMessageAsync().AsTask().Wait(TimeSpan.FromSeconds(30));
                expected++;
            }
        }

        feeder.Join();
        Assert.False(test.Pool.HasFault);
    }

    [Fact]
    public async Task The_end_comes_after_all_messages()
    {
        var test = new TestConnection();
        test.Receive("last");
        test.ReceiveClose();
        test.Transport.EndInput();
        Assert.False(test.Transport.IsClosed);

        Assert.Equal("last", Now(test.Connection.ReceiveMessageAsync()).GetText());
        test.Connection.TrySend("answer"u8);
        Assert.Null(await test.Connection.ReceiveAsync());
        Assert.Null(await test.Connection.ReceiveAsync());

        Assert.True(test.Transport.IsClosed);
        Assert.Equal("Binary 'answer', Close 1000", test.Wire());

        Assert.Equal(WebSocketCloseCode.NormalClosure, test.Result.Code);
        Assert.True(test.Result.WasClean);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task A_pending_receive_ends_with_the_connection()
    {
        var test = new TestConnection();
        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();

        test.Connection.Abort();

        WebSocketClosedException closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => receive);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, closed.Result.Code);
    }

    [Fact]
    public async Task ReadAllAsync_ends_normally_after_a_closing_handshake()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Receive("two");
        test.ReceiveClose(1001);
        test.Transport.EndInput();

        List<string> texts = [];
        await foreach (WebSocketMessage message in test.Connection.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            texts.Add(message.GetText());
        }

        Assert.Equal(["one", "two"], texts);
    }

    [Fact]
    public async Task ReadAllAsync_throws_after_an_abnormal_closure()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Transport.EndInput();

        List<string> texts = [];
        WebSocketClosedException closed = await Assert.ThrowsAsync<WebSocketClosedException>(async () =>
        {
            await foreach (WebSocketMessage message in test.Connection.ReadAllAsync())
            {
                texts.Add(message.GetText());
            }
        });

        Assert.Equal(["one"], texts);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, closed.Result.Code);
        Assert.IsType<EndOfStreamException>(closed.InnerException);
    }

    [Fact]
    public async Task A_canceled_enumeration_leaves_the_next_message_to_another_receive()
    {
        var test = new TestConnection();
        using var cancellation = new CancellationTokenSource();
        IAsyncEnumerator<WebSocketMessage> messages =
            test.Connection.ReadAllAsync(cancellation.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool> next = messages.MoveNextAsync().AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await messages.DisposeAsync();
        test.Receive("kept");

        Assert.Equal("kept", Now(test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public void The_next_receive_returns_the_memory_of_a_message()
    {
        var test = new TestConnection();
        test.Receive("first");
        test.Receive("second");
        Assert.Equal(2, test.Pool.OutCount);

        WebSocketMessage first = Now(test.Connection.ReceiveMessageAsync());
        Assert.Equal(2, test.Pool.OutCount);
        Assert.Equal("first", first.GetText());
        Now(test.Connection.ReceiveMessageAsync());
        Assert.Equal(1, test.Pool.OutCount);
        Assert.Equal(CountingPool.Poison, first.Payload.Span[0]);
        _ = test.Connection.ReceiveAsync().AsTask();

        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_full_inbox_pauses_reading_until_it_has_room()
    {
        var test = new TestConnection(options: SmallInbox);
        byte[] six = [.. Enumerable.Range(0, 6).SelectMany(i => test.FromPeer(Opcode.Text, [(byte)('0' + i)]))];

        test.Transport.Feed(six);
        Assert.True(test.Transport.IsPaused);
        test.Receive("6");

        for (int i = 0; i < 7; i++)
        {
            Assert.Equal($"{i}", Now(test.Connection.ReceiveMessageAsync()).GetText());
        }

        Assert.False(test.Transport.IsPaused);
        _ = test.Connection.ReceiveAsync().AsTask();
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void Empty_messages_count_toward_the_inbox_limit()
    {
        var test = new TestConnection(options: SmallInbox);
        byte[] wire = [.. Enumerable.Range(0, 1_000).SelectMany(_ => test.FromPeer(Opcode.Binary, []))];

        test.Transport.Feed(wire);

        Assert.True(test.Transport.IsPaused);
        Assert.True(test.Pool.OutLength < 20_000);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Equal(0, Now(test.Connection.ReceiveMessageAsync()).Payload.Length);
        }
    }

    [Fact]
    public void Pings_and_after_a_second_a_close_get_replies_without_a_receive()
    {
        var test = new TestConnection();
        test.Receive("waits");

        test.Receive(Opcode.Ping, "?"u8);
        Assert.Equal("Pong '?'", test.Wire());
        test.ReceiveClose(1001);
        Assert.Equal("", test.Wire());
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Time.Advance(TimeSpan.FromSeconds(1.2));

        Assert.Equal("Close 1001", test.Wire());
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        Assert.Equal("waits", Now(test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_closing_connection_discards_messages_after_a_second_without_a_receive(bool pausedBefore)
    {
        var test = new TestConnection(options: SmallInbox);
        byte[] many = [.. Enumerable.Range(0, 100).SelectMany(_ => test.FromPeer(Opcode.Text, "message"u8))];
        if (pausedBefore)
        {
            test.Transport.Feed(many);
            Assert.True(test.Transport.IsPaused);
        }

        _ = test.Connection.CloseAsync();
        test.Transport.Feed(many);
        test.ReceiveClose();
        Assert.False(test.Connection.Closed.IsCompleted);
        test.Time.Advance(TimeSpan.FromSeconds(1.5));

        Assert.True(test.Result.WasClean);
        Assert.True(test.Pool.OutLength < 5_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_closing_connection_drops_no_message_that_the_application_receives(bool pausedBefore)
    {
        const int Count = 40;
        var test = new TestConnection(options: SmallInbox);
        byte[] many = [.. Enumerable.Range(0, Count).SelectMany(_ => test.FromPeer(Opcode.Text, "message"u8))];
        if (pausedBefore)
        {
            test.Transport.Feed(many);
            _ = test.Connection.CloseAsync();
        }
        else
        {
            _ = test.Connection.CloseAsync();
            test.Transport.Feed(many);
        }

        test.ReceiveClose();
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal("message", Now(test.Connection.ReceiveMessageAsync()).GetText());
            test.Time.Advance(TimeSpan.FromSeconds(0.7));
        }

        Assert.True(test.Result.WasClean);
    }

    [Fact]
    public void A_peer_that_sends_endlessly_does_not_keep_a_closing_connection_open()
    {
        var test = new TestConnection(options: SmallInbox);
        byte[] many = [.. Enumerable.Range(0, 100).SelectMany(_ => test.FromPeer(Opcode.Text, "message"u8))];
        _ = test.Connection.CloseAsync();

        for (int i = 0; i < 29; i++)
        {
            test.Transport.Feed(many);
            Now(test.Connection.ReceiveMessageAsync());
            test.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(test.Connection.Closed.IsCompleted);
        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();
        for (int i = 0; i < 10; i++)
        {
            test.Transport.Feed(many);
            receive = receive.IsCompleted ? test.Connection.ReceiveMessageAsync().AsTask() : receive;
            test.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(WebSocketCloseCode.NormalClosure, test.Result.Code);
        Assert.False(test.Result.WasClean);
    }

    [Fact]
    public void A_delegate_that_starts_after_the_end_has_a_canceled_token()
    {
        var test = new TestConnection();
        test.Receive("not received");
        test.ReceiveClose();
        test.Transport.EndInput();
        test.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(test.Connection.Closed.IsCompleted);

        var served = new ServedConnection(test.Connection.Core.Pull!, test.Connection.Core);
        test.Connection.Core.Pull!.Serve(served);
        Assert.False(served.Token.IsCancellationRequested);
        test.Time.Advance(TimeSpan.FromSeconds(31));

        Assert.True(served.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Delivery_pauses_while_the_send_buffer_is_above_its_limit()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 100 },
        });
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200]);
        test.Receive("one");
        test.Receive("two");

        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();
        Assert.False(receive.IsCompleted);
        test.Transport.Drain();

        Assert.Equal("one", receive.GetAwaiter().GetResult().GetText());
        Assert.Equal("two", Now(test.Connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public void A_pending_receive_continues_inline_again_after_a_long_backlog()
    {
        const int Backlog = 100;
        const int Later = 20;
        var time = new ManualTimeProvider();
        var test = new TestConnection(
            options: new WebSocketConnectionOptions { RunReceiveContinuationsInline = true },
            transport: new InMemoryTransport(time), time: time);
        int taken = 0;
        var threads = new List<int>();
        for (int i = 0; i < Backlog; i++)
        {
            test.Receive("backlog");
        }

        Task receiving = ReceiveAsync();

        // With nothing in the inbox, and the last message given back, the receive waits.
        Deadlines.Until(() => Volatile.Read(ref taken) == Backlog && test.Pool.OutCount == 0, "the backlog is received");
        for (int i = 0; i < Later; i++)
        {
            test.Receive("later");
        }

        Assert.Equal(Enumerable.Repeat(Environment.CurrentManagedThreadId, Later), threads);
        Assert.False(receiving.IsCompleted);

        async Task ReceiveAsync()
        {
            while (await test.Connection.ReceiveAsync().ConfigureAwait(false) is { } message)
            {
                if (message.GetText() == "backlog")
                {
                    time.Slip(TimeSpan.FromMicroseconds(20));
                    Interlocked.Increment(ref taken);
                }
                else
                {
                    threads.Add(Environment.CurrentManagedThreadId);
                }
            }
        }
    }

    [Fact]
    public void Fragments_and_messages_have_separate_receive_methods()
    {
        var fragments = new TestConnection(options: new WebSocketConnectionOptions { DeliverFragments = true });
        var messages = new TestConnection();
        var handled = new TestConnection(handler: new RecordingHandler());

        Assert.IsType<InvalidOperationException>(fragments.Connection.ReceiveAsync().AsTask().Exception!.InnerException);
        Assert.IsType<InvalidOperationException>(messages.Connection.ReceiveFragmentAsync().AsTask().Exception!.InnerException);
        Assert.IsType<InvalidOperationException>(handled.Connection.ReceiveAsync().AsTask().Exception!.InnerException);
    }

    private static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted, "It should not have to wait.");
        return task.GetAwaiter().GetResult();
    }
}
