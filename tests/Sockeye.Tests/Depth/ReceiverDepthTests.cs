using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Any number of messages, receives or waits uses constant stack. Runs on a small stack.</summary>
public sealed class ReceiverDepthTests
{
    private const int Count = SmallStack.EntryCount;

    // No message of a byte takes more of the inbox.
    private const int MaxEntryLength = 128;

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    [InlineData(16 * 1024 * 1024)]
    [InlineData(int.MaxValue)]
    public void A_throwing_handler_on_a_closing_connection_gets_a_million_messages(int maxInboxLength)
    {
        var first = new TaskCompletionSource();
        int count = 0;
        var handler = new CountingHandler((connection, _) =>
        {
            count++;
            return connection.State == WebSocketConnectionState.Open
                ? new ValueTask(first.Task)
                : ValueTask.FromException(ClosedException);
        });
        var test = new TestConnection(handler: handler, options: WithInbox(maxInboxLength));
        SmallStack.Run(() =>
        {
            test.Transport.Feed(Messages(test, Count));
            test.ReceiveClose();
            _ = test.Connection.CloseAsync().AsTask();

            // What follows runs in place, on this stack.
            first.SetResult();
        });

        // What the inbox had no room for is dropped once this end closes.
        Assert.InRange(count, Math.Min(Count, maxInboxLength / MaxEntryLength), Count);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(16 * 1024 * 1024)]
    public void A_handler_whose_calls_complete_at_once_gets_a_million_messages(int maxInboxLength)
    {
        var first = new TaskCompletionSource();
        int count = 0;
        var handler = new CountingHandler((connection, _) => count++ == 0 ? new ValueTask(first.Task) : default);
        var test = new TestConnection(handler: handler, options: WithInbox(maxInboxLength));
        SmallStack.Run(() =>
        {
            test.Transport.Feed(Messages(test, Count));
            Assert.Equal(1, count);
            first.SetResult();
        });

        Assert.Equal(Count, count);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_handler_whose_calls_complete_during_OnCompleted_gets_a_million_messages()
    {
        var first = new TaskCompletionSource();
        int count = 0;
        var source = new EndsWhenFollowed();
        var handler = new CountingHandler(
            (connection, _) => count++ == 0 ? new ValueTask(first.Task) : new ValueTask(source, token: 0));
        var test = new TestConnection(handler: handler, options: WithInbox(16 * 1024 * 1024));
        SmallStack.Run(() =>
        {
            test.Transport.Feed(Messages(test, Count));
            first.SetResult();
        });

        Assert.Equal(Count, count);
    }

    [Fact]
    public void A_message_of_a_million_fragments_with_pings_in_between_is_received()
    {
        int length = 0;
        var handler = new CountingHandler((_, message) =>
        {
            length = message.Payload.Length;
            return default;
        });
        var test = new TestConnection(
            handler: handler,
            options: new WebSocketConnectionOptions { AnswerPings = false });
        byte[] between = [.. test.FromPeer(Opcode.Continuation, "a"u8, fin: false), .. test.FromPeer(Opcode.Ping, [])];
        SmallStack.Run(() => test.Transport.Feed([
            .. test.FromPeer(Opcode.Text, [], fin: false),
            .. Repeat(between, Count),
            .. test.FromPeer(Opcode.Continuation, []),
        ]));

        Assert.Equal(Count, length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_receive_loop_takes_a_million_messages_inline(bool isFed)
    {
        var test = new TestConnection(options: WithInbox(int.MaxValue) with { RunReceiveContinuationsInline = true });
        int count = 0;
        byte[] messages = Messages(test, Count);
        SmallStack.Run(() =>
        {
            if (!isFed)
            {
                // They wait, and each receive is over at once.
                test.Transport.Feed(messages);
            }

            _ = ReceiveAll();
            if (isFed)
            {
                // Each ends a receive that waits.
                test.Transport.Feed(messages);
            }
        });

        Assert.Equal(Count, count);

        async Task ReceiveAll()
        {
            while (await test.Connection.ReceiveAsync().ConfigureAwait(false) is { } message)
            {
                count += message.Payload.Length;
            }
        }
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    [InlineData(16 * 1024 * 1024)]
    public void An_enumeration_that_replies_takes_a_million_messages_inline(int maxInboxLength)
    {
        var test = new TestConnection(options: WithInbox(maxInboxLength) with { RunReceiveContinuationsInline = true });
        int count = 0;
        SmallStack.Run(() =>
        {
            test.Transport.Feed(Messages(test, Count / 2));
            _ = EchoAll();
            test.Transport.Feed(Messages(test, Count / 2));
        });

        Assert.Equal(Count, count);
        Assert.Equal(3 * Count, test.Transport.TakeOutput().Length);

        async Task EchoAll()
        {
            await foreach (WebSocketMessage message in test.Connection.ReadAllAsync().ConfigureAwait(false))
            {
                await test.Connection.SendAsync(message).ConfigureAwait(false);
                count++;
            }
        }
    }

    [Fact]
    public void A_chain_of_receives_that_cancel_the_next_ends()
    {
        // Not a million, since each is a connection; one level of them would take more than a hundred bytes of stack.
        const int Connections = 10_000;
        WebSocketConnectionOptions options = new WebSocketConnectionOptions { RunReceiveContinuationsInline = true };
        CancellationTokenSource[] waits = [.. Enumerable.Range(0, Connections).Select(_ => new CancellationTokenSource())];
        Task[] receives = [.. waits.Select((_, index) => ReceiveAndCancelTheNext(index))];
        SmallStack.Run(() =>
        {
            waits[0].Cancel();
            Assert.True(Task.WaitAll(receives, TimeSpan.FromMinutes(2)));
        });

        async Task ReceiveAndCancelTheNext(int index)
        {
            var test = new TestConnection(options: options);
            try
            {
                await test.Connection.ReceiveAsync(waits[index].Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (index + 1 < Connections)
            {
                waits[index + 1].Cancel();
            }
            catch (OperationCanceledException)
            {
                // The last.
            }
        }
    }

    [Fact]
    public void Continuations_of_a_canceled_receive_do_not_run_inside_Cancel()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { RunReceiveContinuationsInline = true });
        using var canceling = new CancellationTokenSource();

        Assert.False(RunsInPlace(test.Connection, canceling.Cancel, canceling.Token));
    }

    [Fact]
    public void Continuations_of_a_receive_do_not_run_inside_the_send_that_drains_the_buffer()
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            RunReceiveContinuationsInline = true,
            Limits = new() { MaxSendBufferLength = 1 },
        };
        var test = new TestConnection(options: options);
        test.Transport.Capacity = 0;
        test.Connection.TrySend("full"u8);
        test.Receive("waits");

        Assert.False(RunsInPlace(test.Connection, () => test.Transport.Drain()));
    }

    private static WebSocketClosedException ClosedException { get; } = new(new WebSocketCloseResult(
        WebSocketCloseCode.NormalClosure, "", wasClean: true, WebSocketCloseInitiator.Peer, exception: null));

    // Whether what follows a receive runs on this thread, inside of what ends the receive.
    private static bool RunsInPlace(WebSocketConnection connection, Action end, CancellationToken cancellationToken = default)
    {
        int thread = 0;
        Task done = Receive();
        end();
        done.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return thread == Environment.CurrentManagedThreadId;

        async Task Receive()
        {
            try
            {
                await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Which is what was asked for.
            }

            thread = Environment.CurrentManagedThreadId;
        }
    }

    private static WebSocketConnectionOptions WithInbox(int length) => new WebSocketConnectionOptions
    {
        Limits = new() { MaxInboxLength = length },
    };

    private static byte[] Messages(TestConnection test, int count) => Repeat(test.FromPeer(Opcode.Text, "a"u8), count);

    private static byte[] Repeat(byte[] bytes, int count)
    {
        byte[] all = new byte[bytes.Length * count];
        for (int i = 0; i < count; i++)
        {
            bytes.CopyTo(all, i * bytes.Length);
        }

        return all;
    }

    private sealed class CountingHandler(Func<WebSocketConnection, WebSocketMessage, ValueTask> receive) : WebSocketHandler
    {
        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            receive(connection, message);
    }

    // Not over when it is looked at, and over, in place, as soon as it is followed.
    private sealed class EndsWhenFollowed : System.Threading.Tasks.Sources.IValueTaskSource
    {
        public void GetResult(short token)
        {
        }

        public System.Threading.Tasks.Sources.ValueTaskSourceStatus GetStatus(short token) =>
            System.Threading.Tasks.Sources.ValueTaskSourceStatus.Pending;

        public void OnCompleted(
            Action<object?> continuation, object? state, short token,
            System.Threading.Tasks.Sources.ValueTaskSourceOnCompletedFlags flags) => continuation(state);
    }
}
