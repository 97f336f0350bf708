using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Delivery to a handler: synchronously, in order, one message at a time.</summary>
public sealed class HandlerReceiverTests
{
    [Fact]
    public void OnMessage_runs_on_the_thread_that_reads()
    {
        int thread = 0;
        var handler = new RecordingHandler { Sync = (_, _) => thread = Environment.CurrentManagedThreadId };
        var test = new TestConnection(handler: handler);

        test.Receive("now");

        Assert.Equal("now", handler.Events);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.Equal(0, test.Pool.RentCount);
    }

    [Fact]
    public void Sends_in_the_callbacks_of_one_read_leave_in_one_write()
    {
        var handler = new RecordingHandler { Sync = (connection, text) => connection.TrySend("re"u8) };
        var test = new TestConnection(handler: handler);

        test.Transport.Feed([
            .. test.FromPeer(Opcode.Text, "a"u8), .. test.FromPeer(Opcode.Ping, "p"u8), .. test.FromPeer(Opcode.Text, "b"u8),
        ]);

        Assert.Equal(1, test.Transport.WriteCount);
        Assert.Equal("Binary 're', Pong 'p', Binary 're'", test.Wire());
    }

    [Fact]
    public void An_asynchronous_call_pauses_delivery_and_order_is_kept()
    {
        Dictionary<string, TaskCompletionSource> calls = new() { ["1"] = new(), ["2"] = new(), ["3"] = new() };
        var handler = new RecordingHandler { Async = (_, text) => new ValueTask(calls[text].Task) };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        test.Receive("2");
        test.Receive(Opcode.Ping, "?"u8);
        test.Receive("3");

        Assert.Equal("Pong '?'", test.Wire());
        Assert.Equal("<1 ping", handler.Events);
        calls["1"].SetResult();
        Assert.Equal("<1 ping 1> <2", handler.Events);
        calls["2"].SetResult();
        calls["3"].SetResult();

        Assert.Equal("<1 ping 1> <2 2> <3 3>", handler.Events);
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }

    [Fact]
    public void Messages_are_delivered_synchronously_again_after_an_asynchronous_call()
    {
        var first = new TaskCompletionSource();
        var handler = new RecordingHandler { Async = (_, text) => text == "1" ? new ValueTask(first.Task) : default };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        first.SetResult();

        test.Receive("2");

        Assert.Equal("<1 1> <2 2>", handler.Events);
    }

    [Fact]
    public async Task A_busy_handler_delays_the_close_reply_and_OnClosed_is_called_last()
    {
        var call = new TaskCompletionSource();
        var handler = new RecordingHandler { Async = (_, text) => text == "1" ? new ValueTask(call.Task) : default };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        test.Receive("2");
        test.ReceiveClose(1001);
        test.Transport.EndInput();
        test.Time.Advance(TimeSpan.FromSeconds(3.8));
        Assert.Equal("", test.Wire());
        test.Time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal("Close 1001", test.Wire());
        await test.Connection.Closed;
        Assert.Equal(1001, (int)test.Result.Code);
        Assert.Equal("<1", handler.Events);

        call.SetResult();

        Assert.Equal("<1 1> <2 2> closed:1001", handler.Events);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void The_close_reply_follows_the_replies_to_earlier_messages()
    {
        var call = new TaskCompletionSource();
        var handler = new RecordingHandler
        {
            Async = async (connection, text) =>
            {
                await call.Task.ConfigureAwait(false);
                await connection.SendAsync(text).ConfigureAwait(false);
            },
        };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        test.Receive("2");
        test.ReceiveClose();

        call.SetResult();

        Assert.Equal("Text '1', Text '2', Close 1000", test.Wire());
    }

    [Fact]
    public void A_busy_handlers_inbox_is_bounded_and_reading_resumes_when_it_has_room()
    {
        var call = new TaskCompletionSource();
        var handler = new RecordingHandler { Async = (_, text) => text == "0" ? new ValueTask(call.Task) : default };
        var test = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxInboxLength = 500 },
        });
        for (int i = 0; i < 100; i++)
        {
            test.Receive($"{i}");
        }

        Assert.True(test.Transport.IsPaused);
        Assert.True(test.Pool.OutLength < 1_000);
        call.SetResult();

        Assert.Equal(string.Join(' ', Enumerable.Range(0, 100).Select(i => $"<{i} {i}>")), handler.Events);
        Assert.False(test.Transport.IsPaused);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory] // CC-06
    [InlineData("sync")]
    [InlineData("async, at once")]
    [InlineData("async, later")]
    public void An_exception_closes_the_connection_with_1011_and_nothing_follows(string when)
    {
        var later = new TaskCompletionSource();
        var handler = when == "sync"
            ? new RecordingHandler { Sync = (_, _) => throw new FormatException("handler") }
            : new RecordingHandler
            {
                Async = async (_, _) =>
                {
                    if (when != "async, at once")
                    {
                        await later.Task.ConfigureAwait(false);
                    }

                    throw new FormatException("handler");
                },
            };
        var test = new TestConnection(handler: handler);
        using var written = new ManualResetEventSlim();
        test.Transport.Written = written.Set;
        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "1"u8), .. test.FromPeer(Opcode.Text, "2"u8)]);
        test.Receive("3");

        later.SetResult();
        Assert.True(written.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken));
        Assert.Equal("Close 1011", test.Wire());
        test.Receive("4");
        test.Transport.EndInput();

        Assert.Equal(when == "sync" ? "1 closed:1011" : "<1 closed:1011", handler.Events);
        Assert.IsType<FormatException>(test.Result.Exception);
        Assert.Equal(WebSocketCloseInitiator.Local, test.Result.Initiator);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void An_exception_does_not_affect_other_connections_of_the_handler()
    {
        var handler = new RecordingHandler
        {
            Sync = (_, text) =>
            {
                if (text == "bad")
                {
                    throw new FormatException();
                }
            },
        };
        var bad = new TestConnection(handler: handler);
        var good = new TestConnection(handler: handler);

        bad.Receive("bad");
        good.Receive("good");

        Assert.Equal("bad closed:1011 good", handler.Events);
        Assert.Equal(WebSocketConnectionState.Open, good.Connection.State);
        Assert.Equal(WebSocketConnectionState.Closed, bad.Connection.State);
    }

    [Fact]
    public void An_exception_after_the_closing_handshake_does_not_change_the_result()
    {
        var call = new TaskCompletionSource();
        var handler = new RecordingHandler { Async = (_, _) => new ValueTask(call.Task) };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        test.ReceiveClose(1001);
        test.Time.Advance(TimeSpan.FromSeconds(5.2));
        Assert.Equal("Close 1001", test.Wire());

        call.SetException(new FormatException());
        test.Transport.EndInput();

        Assert.Equal("", test.Wire());
        Assert.True(test.Result.WasClean);
        Assert.Equal(WebSocketCloseCode.GoingAway, test.Result.Code);
        Assert.Null(test.Result.Exception);
    }

    [Theory]
    [InlineData("open")]
    [InlineData("ping")]
    public void An_exception_in_any_other_callback_closes_the_connection(string callback)
    {
        var handler = new RecordingHandler
        {
            Opened = _ => ThrowIf(callback == "open"),
            Pinged = _ => ThrowIf(callback == "ping"),
        };
        var test = new TestConnection(handler: handler);
        test.Receive(Opcode.Ping, []);

        test.Transport.EndInput();

        Assert.Equal(WebSocketCloseCode.InternalError, test.Result.Code);
        Assert.EndsWith("closed:1011", handler.Events, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_in_OnClosed_is_contained()
    {
        var handler = new RecordingHandler { Ended = (_, _) => ThrowIf(true) };
        var test = new TestConnection(handler: handler);

        test.Connection.Abort();

        Assert.Equal("closed:1006", handler.Events);
        Assert.Null(test.Result.Exception);
    }

    [Fact] // CC-06
    public void A_handler_may_close_abort_dispose_and_send_in_its_callbacks()
    {
        List<WebSocketSendResult> results = [];
        var handler = new RecordingHandler
        {
            Sync = (connection, text) =>
            {
                switch (text)
                {
                    case "close":
                        _ = connection.CloseAsync();
                        break;
                    case "dispose":
                        _ = connection.DisposeAsync();
                        break;
                    case "abort":
                        connection.Abort();
                        break;
                    default:
                        results.Add(connection.TrySend("reply"u8));
                        break;
                }
            },
            Ended = (connection, _) => connection.TrySend("too late"u8),
        };

        foreach (string what in (string[])["close", "dispose", "abort"])
        {
            var test = new TestConnection(handler: handler);
            test.Receive("send");
            test.Receive(what);
            if (what != "abort")
            {
                Assert.Equal("Binary 'reply', Close 1000", test.Wire());
                test.ReceiveClose();
                test.Transport.EndInput();
            }

            Assert.True(test.Transport.IsClosed);
        }

        Assert.Equal("send close closed:1000 send dispose closed:1000 send abort closed:1006", handler.Events);
        Assert.All(results, result => Assert.Equal(WebSocketSendResult.Sent, result));
    }

    [Fact]
    public void A_handler_may_await_the_end_of_its_own_connection()
    {
        var handler = new RecordingHandler
        {
            Async = async (connection, _) => await connection.CloseAsync().ConfigureAwait(false),
        };
        var test = new TestConnection(handler: handler);
        test.Receive("1");
        Assert.Equal("Close 1000", test.Wire());

        for (int i = 0; i < 3_000; i++)
        {
            test.Receive("more than the inbox takes, though the handler never comes back before the end");
        }

        test.ReceiveClose();

        // The handler seems to be at work on its message until most of the CloseTimeout is over.
        test.Time.Advance(new WebSocketConnectionOptions().CloseTimeout);
        Assert.True(test.Result.WasClean);
        handler.WaitFor("closed:1000");
    }

    [Fact]
    public void After_an_abort_in_a_callback_the_rest_of_the_read_is_not_delivered()
    {
        var handler = new RecordingHandler { Sync = (connection, _) => connection.Abort() };
        var test = new TestConnection(handler: handler);

        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "1"u8), .. test.FromPeer(Opcode.Text, "2"u8)]);

        Assert.Equal("1 closed:1006", handler.Events);
    }

    [Fact]
    public void An_override_may_call_the_base_method_once_and_only_during_the_call()
    {
        var handler = new HandOverTwice();
        var test = new TestConnection(handler: handler);
        test.Receive("1");

        Assert.Equal("1", handler.Text);
        Assert.IsType<InvalidOperationException>(handler.Second);
        Assert.Throws<InvalidOperationException>(() => handler.CallBase(test.Connection, "outside"u8));
        Assert.Equal(0, test.Pool.OutCount);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_detached_message_is_whole_wherever_it_was_assembled(bool fragmented)
    {
        var call = new TaskCompletionSource();
        string? seen = null;
        var handler = new AsyncHandler(async message =>
        {
            await call.Task.ConfigureAwait(false);
            seen = message.GetText();
        });
        var test = new TestConnection(handler: handler);
        if (fragmented)
        {
            test.Receive(Opcode.Text, "first "u8, fin: false);
            test.Receive(Opcode.Continuation, "last"u8);
        }
        else
        {
            byte[] frame = test.FromPeer(Opcode.Text, "first last"u8);
            test.Transport.Feed(frame.AsSpan(0, 9));
            test.Transport.Feed(frame.AsSpan(9));
        }

        test.Receive(Opcode.Text, "overwrites"u8, fin: false);
        call.SetResult();

        Assert.Equal("first last", seen);
        test.Connection.Abort();
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }

    [Fact]
    public void Fragments_are_delivered_as_they_arrive_if_DeliverFragments_is_set()
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(
            handler: handler, options: new WebSocketConnectionOptions { DeliverFragments = true });

        test.Receive(Opcode.Text, "one"u8, fin: false);
        Assert.Equal("one…", handler.Events);
        test.Receive(Opcode.Ping, []);
        test.Receive(Opcode.Continuation, "two"u8);
        test.Receive("three");

        Assert.Equal("one… ping two. three.", handler.Events);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_pauses_while_the_send_buffer_is_over_its_limit_and_nothing_is_lost(bool asynchronous)
    {
        int sent = 0;
        var handler = asynchronous
            ? new RecordingHandler { Async = (connection, text) => SendAsync(connection) }
            : new RecordingHandler { Sync = (connection, text) => Send(connection) };
        var test = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 250, MaxInboxLength = 1_000 },
        });
        test.Transport.Capacity = 0;
        for (int i = 0; i < 50; i++)
        {
            test.Receive($"{i}");
        }

        int delivered = handler.Events.Split(' ').Length / (asynchronous ? 2 : 1);
        Assert.InRange(delivered, 2, 4);
        Assert.True(test.Transport.IsPaused);
        Assert.InRange(test.Connection.SendBufferLength, 250, 500);
        test.Transport.Drain();

        handler.WaitFor(asynchronous ? "<49 49>" : " 49");
        Deadlines.Until(() => Volatile.Read(ref sent) == 50, "the last message is handled");
        Deadlines.Until(() => test.Connection.SendBufferLength == 0, "everything is written");
        Assert.Equal(50, test.Frames().Count);
        Assert.Equal(
            string.Join(' ', Enumerable.Range(0, 50).Select(i => asynchronous ? $"<{i} {i}>" : $"{i}")), handler.Events);
        Deadlines.Until(() => test.Pool.OutCount == 0, "the last message is returned");

        void Send(WebSocketConnection connection)
        {
            connection.TrySend(new byte[100]);
            Interlocked.Increment(ref sent);
        }

        async ValueTask SendAsync(WebSocketConnection connection)
        {
            await connection.SendAsync(new byte[100]).ConfigureAwait(false);
            Interlocked.Increment(ref sent);
        }
    }

    [Fact]
    public void Messages_paused_by_a_full_send_buffer_are_delivered_at_a_clean_close()
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 100 },
        });
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200]);
        test.Receive("1");
        test.Receive("2");
        Assert.Equal("", handler.Events);

        test.Transport.EndInput();

        Assert.Equal("1 2 closed:1006", handler.Events);
    }

    [Fact]
    public void The_pause_can_be_disabled()
    {
        var handler = new RecordingHandler();
        var test = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 100 },
            PauseReceivingWhenSendBufferIsFull = false,
        });
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200]);

        test.Receive("1");

        Assert.Equal("1", handler.Events);
    }

    private static void ThrowIf(bool condition)
    {
        if (condition)
        {
            throw new FormatException("handler");
        }
    }

    private sealed class HandOverTwice : WebSocketHandler
    {
        public string? Text { get; private set; }

        public Exception? Second { get; private set; }

        public void CallBase(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
            base.OnMessage(connection, payload, WebSocketMessageKind.Text);

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            base.OnMessage(connection, payload, kind);
            try
            {
                base.OnMessage(connection, payload, kind);
            }
            catch (InvalidOperationException exception)
            {
                Second = exception;
            }
        }

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            Text = message.GetText();
            return default;
        }
    }

    private sealed class AsyncHandler(Func<WebSocketMessage, Task> receive) : WebSocketHandler
    {
        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            await receive(message).ConfigureAwait(false);
    }
}
