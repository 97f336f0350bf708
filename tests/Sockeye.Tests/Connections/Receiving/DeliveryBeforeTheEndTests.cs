using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// Messages received before this end failed or aborted the connection are delivered, and the end is reported after them.
/// </summary>
public sealed class DeliveryBeforeTheEndTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly string[] Ten = [.. Enumerable.Range(0, 10).Select(static number => $"{number}")];

    public static TheoryData<string, string> EndsByTheWire
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (string role in (string[])["server", "client"])
            {
                foreach (string end in (string[])
                    ["reserved opcode", "reserved bit", "too long", "invalid UTF-8", "wrong masking", "invalid close code"])
                {
                    rows.Add(role, end);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string, string> EndsByThisEnd => new()
    {
        { "server", "silent peer" },
        { "client", "silent peer" },
        { "server", "stalled peer" },
        { "client", "stalled peer" },
        { "server", "no answer to our Close frame" },
        { "client", "no answer to our Close frame" },
        { "server", "reset" },
        { "client", "reset" },
        { "server", "end of the input" },
        { "client", "end of the input" },
    };

    [Theory]
    [MemberData(nameof(EndsByTheWire))]
    public async Task Messages_before_a_violation_can_all_be_received(string role, string end)
    {
        TestConnection test = Open(role);
        test.Transport.Feed([.. Ten.SelectMany(text => Frame(test, text)), .. Violation(test, end)]);

        foreach (string text in Ten)
        {
            Assert.Equal(text, (await test.Connection.ReceiveMessageAsync()).GetText());
        }

        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => receive);
        Assert.IsType<WebSocketProtocolException>(test.Result.Exception);
    }

    [Theory]
    [MemberData(nameof(EndsByTheWire))]
    public async Task Messages_before_a_violation_are_all_delivered_to_a_slow_handler(string role, string end)
    {
        var calls = new Queue<TaskCompletionSource>();
        var handler = new RecordingHandler
        {
            Async = (_, _) =>
            {
                calls.Enqueue(new TaskCompletionSource());
                return new ValueTask(calls.Peek().Task);
            },
        };
        TestConnection test = Open(role, handler);
        test.Transport.Feed([.. Ten.SelectMany(text => Frame(test, text)), .. Violation(test, end)]);
        for (int i = 0; i < Ten.Length; i++)
        {
            calls.Dequeue().SetResult();
        }

        WebSocketCloseResult result = await test.Connection.Closed;
        handler.WaitFor($"closed:{(int)result.Code}");
        Assert.Equal(
            string.Join(' ', Ten.Select(static text => $"<{text} {text}>")) + $" closed:{(int)result.Code}",
            handler.Events);
    }

    [Theory]
    [MemberData(nameof(EndsByThisEnd))]
    public async Task Messages_before_an_abort_of_the_peer_can_all_be_received(string role, string end)
    {
        TestConnection test = Open(role);
        test.Transport.Feed([.. Ten.SelectMany(text => Frame(test, text))]);
        End(test, end);
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);

        foreach (string text in Ten)
        {
            Assert.Equal(text, (await test.Connection.ReceiveMessageAsync()).GetText());
        }

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        Assert.False(test.Result.WasClean);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData("server", "stalled peer")]
    [InlineData("client", "stalled peer")]
    [InlineData("server", "reset")]
    [InlineData("client", "reset")]
    [InlineData("server", "end of the input")]
    [InlineData("client", "end of the input")]
    public void Bytes_left_unread_by_a_full_inbox_are_received(string role, string end)
    {
        TestConnection test = Open(role, change: options => options with
        {
            Limits = options.Limits with { MaxInboxLength = 100 },
        });
        test.Transport.Feed([.. Ten.SelectMany(text => Frame(test, text))]);
        Assert.True(test.Transport.IsPaused);
        End(test, end);

        foreach (string text in Ten)
        {
            ValueTask<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync();
            Assert.True(receive.IsCompleted);
            Assert.Equal(text, receive.GetAwaiter().GetResult().GetText());
        }
    }

    // As much as a transport reads at once, of the frames that count most in the inbox for their length.
    [Theory]
    [InlineData("server", 1, false, false)]
    [InlineData("client", 1, false, false)]
    [InlineData("server", 0, false, false)]
    [InlineData("client", 0, false, false)]
    [InlineData("server", 1, true, false)]
    [InlineData("server", 1, false, true)]
    [InlineData("client", 0, false, true)]
    [InlineData("client", 1, true, true)]
    public void A_read_paused_by_a_blocked_peer_is_delivered_when_the_connection_ends(
        string role, int length, bool hasHandler, bool isCompressing)
    {
        int called = 0;
        var handler = new RecordingHandler { Sync = (_, _) => called++ };
        var options = new WebSocketConnectionOptions();
        var test = new TestConnection(
            role == "server" ? Role.Server : Role.Client, hasHandler ? handler : null,
            options with { PauseReceivingWhenSendBufferIsFull = true },
            deflate: isCompressing ? DeflateSetup.Forgetting() : null);
        byte[] frame = test.FromPeer(Opcode.Binary, new byte[length]);
        int count = Transport.MaxReadLength / frame.Length;
        test.Transport.Capacity = 0;
        test.Connection.TrySend(DeflateSetup.Noise(2 * 1024 * 1024));

        test.Transport.Feed([.. Enumerable.Repeat(frame, count).SelectMany(static bytes => bytes)]);
        Assert.True(test.Transport.IsPaused);
        test.Transport.Break(new IOException("reset"));

        while (!hasHandler && test.Connection.ReceiveMessageAsync() is { IsCompletedSuccessfully: true } receive)
        {
            called += receive.Result.Payload.Length == length ? 1 : 0;
        }

        Assert.Equal(count, called);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData("server", "pull")]
    [InlineData("client", "pull")]
    [InlineData("server", "handler")]
    [InlineData("client", "handler")]
    [InlineData("server", "slow handler")]
    [InlineData("client", "slow handler")]
    public async Task Replies_to_messages_before_a_violation_are_sent_before_the_close_frame(string role, string face)
    {
        var handler = face == "slow handler"
            ? new RecordingHandler
            {
                Async = async (connection, text) =>
                {
                    await Task.Yield();
                    await connection.SendAsync(text);
                },
            }
            : new RecordingHandler { Sync = (connection, text) => connection.TrySend(text) };
        TestConnection test = Open(role, face == "pull" ? null : handler);

        test.Transport.Feed(
            [.. Frame(test, "A"), .. Frame(test, "B"), .. Frame(test, "C"), .. Violation(test, "reserved bit")]);
        if (face == "pull")
        {
            for (int i = 0; i < 3; i++)
            {
                await test.Connection.SendAsync(await test.Connection.ReceiveMessageAsync());
            }

            await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        }

        await test.Connection.Closed;
        Assert.Equal("Text 'A', Text 'B', Text 'C', Close 1002", test.Wire());
    }

    [Fact]
    public async Task Three_replies_and_the_close_frame_of_a_violation_match_the_expected_bytes()
    {
        TestConnection test = Open("server");
        test.Transport.Feed(
            [.. Frame(test, "A"), .. Frame(test, "B"), .. Frame(test, "C"), .. Violation(test, "reserved bit")]);

        for (int i = 0; i < 3; i++)
        {
            await test.Connection.SendAsync(await test.Connection.ReceiveMessageAsync());
        }

        _ = test.Connection.ReceiveAsync();

        Assert.Equal(Wire.Bytes("810141 810142 810143 880203EA"), test.Transport.TakeOutput());
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public void An_idle_application_delays_the_close_frame_of_a_violation_by_one_second(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Feed([.. Frame(test, "A"), .. Violation(test, "reserved bit")]);
        test.Time.Advance(0.8 * Second);
        Assert.Equal("", test.Wire());

        test.Time.Advance(0.4 * Second);

        Assert.Equal("Close 1002", test.Wire());
    }

    [Theory]
    [InlineData("violation")]
    [InlineData("close")]
    public async Task A_busy_application_has_most_of_the_close_timeout(string end)
    {
        TestConnection test = Open("server");
        test.Transport.Feed([.. Frame(test, "A"), .. Frame(test, "B")]);
        WebSocketMessage message = await test.Connection.ReceiveMessageAsync();
        test.Transport.Feed(end == "close" ? test.FromPeer(Opcode.Close, [0x03, 0xE8]) : Violation(test, "reserved bit"));

        test.Time.Advance(3.8 * Second);
        Assert.Equal("", test.Wire());
        await test.Connection.SendAsync(message);
        Assert.Equal("Text 'A'", test.Wire());
        test.Time.Advance(0.4 * Second);

        Assert.Equal(end == "close" ? "Close 1000" : "Close 1002", test.Wire());
        Assert.Equal("B", (await test.Connection.ReceiveMessageAsync()).GetText());
        Task<WebSocketMessage?> last = test.Connection.ReceiveAsync().AsTask();
        if (end == "close")
        {
            Assert.Null(await last);
        }
        else
        {
            await Assert.ThrowsAsync<WebSocketClosedException>(() => last);
        }
    }

    [Fact]
    public async Task CloseReplyDelay_sets_the_delay_of_the_close_frame()
    {
        TestConnection test = Open("server", change: options => options with { CloseReplyDelay = 20 * Second });
        test.Receive("A");
        WebSocketMessage message = await test.Connection.ReceiveMessageAsync();
        test.ReceiveClose();

        test.Time.Advance(19.8 * Second);
        await test.Connection.SendAsync(message);
        Assert.Equal("Text 'A'", test.Wire());
        test.Time.Advance(0.4 * Second);

        Assert.Equal("Close 1000", test.Wire());
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task A_close_by_the_application_after_a_violation_has_the_code_of_the_violation(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Feed([.. Frame(test, "A"), .. Violation(test, "reserved bit")]);
        await test.Connection.ReceiveMessageAsync();

        _ = test.Connection.CloseAsync();

        Assert.Equal("Close 1002", test.Wire());
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task An_abort_by_the_application_drops_received_messages(string role)
    {
        TestConnection test = Open(role);
        test.Receive("A");

        test.Connection.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task An_abort_after_the_end_drops_undelivered_messages(string role)
    {
        TestConnection test = Open(role);
        test.Receive("A");
        test.Receive("B");
        test.Transport.EndInput();
        Assert.Equal("A", (await test.Connection.ReceiveMessageAsync()).GetText());

        test.Connection.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024)]
    [InlineData(16 * 1024 * 1024)]
    public void A_million_messages_to_a_throwing_handler_use_constant_stack(int inboxLength)
    {
        // Each of them fails because the connection is closing; one level of the stack for each would end the process.
        int count = Math.Min(inboxLength / 64, 1_000_000);
        int called = 0;
        var first = new TaskCompletionSource();
        var handler = new RecordingHandler
        {
            Async = (connection, _) => ++called == 1 ? new ValueTask(first.Task) : connection.SendAsync("late"),
        };
        TestConnection test = Open(
            "server", handler, options => options with { Limits = options.Limits with { MaxInboxLength = inboxLength } });
        byte[] frames = [.. Enumerable.Repeat(test.FromPeer(Opcode.Binary, []), count).SelectMany(static frame => frame)];
        test.Transport.Feed(frames);
        _ = test.Connection.CloseAsync();

        RunOnSmallStack(first.SetResult);

        Assert.Equal(count, called);
    }

    private static void RunOnSmallStack(Action run)
    {
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    run();
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    private static TestConnection Open(
        string role, WebSocketHandler? handler = null,
        Func<WebSocketConnectionOptions, WebSocketConnectionOptions>? change = null)
    {
        var options = new WebSocketConnectionOptions();
        return new TestConnection(
            role == "server" ? Role.Server : Role.Client, handler, change is null ? options : change(options));
    }

    private static byte[] Frame(TestConnection test, string text) =>
        test.FromPeer(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));

    private static byte[] Violation(TestConnection test, string kind)
    {
        byte[] frame = Frame(test, "X");
        switch (kind)
        {
            case "reserved opcode":
                frame[0] = 0x83;
                return frame;

            case "reserved bit":
                frame[0] |= 0x20;
                return frame;

            case "invalid UTF-8":
                return test.FromPeer(Opcode.Text, [0xC3, 0x28]);

            case "wrong masking":
                return TestConnection.FrameOf(test.Role, Opcode.Text, "X"u8);

            case "invalid close code":
                return test.FromPeer(Opcode.Close, [0x03, 0xED]);

            default:
                // A header that announces more than either role takes by default.
                frame = test.FromPeer(Opcode.Binary, new byte[70_000]);
                frame[5] = 0x7F;
                return frame[..14];
        }
    }

    private static void End(TestConnection test, string end)
    {
        switch (end)
        {
            case "silent peer":
                test.Time.Advance(41 * Second);
                break;

            case "stalled peer":
                test.Transport.Capacity = 0;
                test.Connection.TrySend(new byte[100_000]);
                for (int i = 0; i < 31; i++)
                {
                    test.Time.Advance(Second);
                    test.Receive(Opcode.Pong, []);
                }

                break;

            case "no answer to our Close frame":
                _ = test.Connection.CloseAsync();
                test.Time.Advance(5.3 * Second);
                break;

            case "reset":
                test.Transport.Break(new IOException("reset"));
                break;

            case "end of the input":
                test.Transport.EndInput();
                break;
        }
    }
}
