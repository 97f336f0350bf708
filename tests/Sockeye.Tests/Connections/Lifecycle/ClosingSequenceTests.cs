using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>The closing handshake (§7) of a connection: who begins, which frames are sent, and how it is reported.</summary>
public sealed class ClosingSequenceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Roles => ["server", "client"];

    [Theory]
    [MemberData(nameof(Roles))]
    public void This_end_closes_and_the_peer_replies(string role)
    {
        TestConnection test = Open(role);
        Task<WebSocketCloseResult> close = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway, "bye").AsTask();
        RawFrame frame = Assert.Single(test.Frames());
        Assert.Equal(1001, frame.CloseCode);
        Assert.Equal("bye"u8, frame.Payload.AsSpan(2));
        Assert.Equal(WebSocketConnectionState.Closing, test.Connection.State);
        Assert.False(test.Transport.IsOutputEnded);

        test.ReceiveClose(1001, "bye");
        Assert.False(close.IsCompleted);
        test.Transport.EndInput();

        Check(test, WebSocketCloseCode.GoingAway, "bye", clean: true, WebSocketCloseInitiator.Local);
        Assert.Equal("", test.Wire());
        Assert.False(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void The_peer_closes_and_this_end_replies_with_the_same_code_and_reason(string role) // §5.5.1
    {
        TestConnection test = Open(role);

        test.ReceiveClose(4321, "enough");
        RawFrame frame = Assert.Single(test.Frames());
        Assert.Equal(4321, frame.CloseCode);
        Assert.Equal("enough"u8, frame.Payload.AsSpan(2));
        test.Transport.EndInput();

        Check(test, (WebSocketCloseCode)4321, "enough", clean: true, WebSocketCloseInitiator.Peer);
    }

    [Fact]
    public async Task A_close_reply_is_sent_after_earlier_sends()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            PauseReceivingWhenSendBufferIsFull = false,
            Limits = new() { MaxSendBufferLength = 1024 },
        });
        test.Transport.Capacity = 0;
        test.Receive("question");
        test.ReceiveClose();
        ValueTask<WebSocketMessage> question = test.Connection.ReceiveMessageAsync();
        _ = test.Connection.TrySend(new byte[2000]);
        Task answer = test.Connection.SendAsync("answer").AsTask();

        _ = test.Connection.CloseAsync().AsTask();
        ValueTask<WebSocketMessage?> end = test.Connection.ReceiveAsync();
        test.Transport.Drain();

        Assert.True(question.IsCompletedSuccessfully);
        Assert.Null(await end);
        Assert.True(answer.IsCompleted);
        Assert.Equal([RawOpcode.Binary, RawOpcode.Text, RawOpcode.Close], test.Frames().Select(frame => frame.Opcode));
    }

    [Fact]
    public void A_deadline_that_expires_while_it_is_replaced_has_no_effect()
    {
        TestConnection test = Open("client");
        test.ReceiveClose();

        test.Connection.Core.Closing.OnDue(new DeadlineWheel(test.Time));

        Assert.False(test.Transport.IsClosed);
    }

    [Theory]
    [InlineData("server", true)]
    [InlineData("client", false)]
    public void The_server_closes_the_transport_first(string role, bool ends) // §7.1.1
    {
        TestConnection test = Open(role);

        test.ReceiveClose();

        Assert.Equal(ends, test.Transport.IsOutputEnded);
        Assert.False(test.Transport.IsClosed);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Both_ends_close_at_the_same_time(string role) // FR-36
    {
        TestConnection test = Open(role);
        _ = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway, "ours");

        test.ReceiveClose(3000, "theirs");
        test.Transport.EndInput();

        Assert.Equal("Close 1001", test.Wire());
        Check(test, (WebSocketCloseCode)3000, "theirs", clean: true, WebSocketCloseInitiator.Local);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_close_inside_a_fragmented_message_discards_the_message(string role) // FR-35
    {
        TestConnection test = Open(role);
        test.Receive(Opcode.Text, "half"u8, fin: false);

        test.ReceiveClose();
        test.Transport.EndInput();

        Check(test, WebSocketCloseCode.NormalClosure, "", clean: true, WebSocketCloseInitiator.Peer);
        Assert.Equal("Close 1000", test.Wire());
        Assert.Equal(0, test.Pool.OutCount);
        Assert.Null(test.Connection.ReceiveAsync().GetAwaiter().GetResult());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_peer_that_never_replies_is_aborted_at_the_close_timeout(string role)
    {
        TestConnection test = Open(role);
        Task close = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway).AsTask();

        test.Time.Advance(4.9 * Second);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(0.4 * Second);

        // Without a reset: what the peer's system has can still be read there.
        Assert.False(test.Transport.IsAborted);
        Check(
            test, WebSocketCloseCode.GoingAway, "", clean: false, WebSocketCloseInitiator.Local,
            typeof(TimeoutException));
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_clock_that_a_test_advances_by_one_jump_reaches_the_close_timeout(string role)
    {
        TestConnection test = Open(role);
        _ = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway).AsTask();

        test.Time.Leap(6 * Second);

        Assert.True(test.Transport.IsClosed);
        Assert.IsType<TimeoutException>(test.Connection.Closed.GetAwaiter().GetResult().Exception);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_peer_that_replies_and_keeps_the_transport_open_does_not_delay_the_result(string role) // FR-38
    {
        TestConnection test = Open(role);
        Task<WebSocketCloseResult> close = test.Connection.CloseAsync().AsTask();
        test.Time.Advance(4 * Second);
        test.ReceiveClose();
        await close;
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        test.Time.Advance(0.8 * Second);
        Assert.False(test.Transport.IsClosed);

        test.Time.Advance(0.5 * Second);

        Check(test, WebSocketCloseCode.NormalClosure, "", clean: true, WebSocketCloseInitiator.Local);
        Assert.False(test.Transport.IsAborted);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_peer_that_closes_and_keeps_the_transport_open_does_not_delay_the_result(string role)
    {
        TestConnection test = Open(role);
        ValueTask<WebSocketMessage?> receive = test.Connection.ReceiveAsync();
        test.ReceiveClose();
        Assert.Null(await receive);
        Assert.Equal(WebSocketCloseCode.NormalClosure, test.Result.Code);
        Assert.Equal(role == "server", test.Transport.IsOutputEnded);
        test.Time.Advance(0.8 * Second);
        Assert.False(test.Transport.IsClosed);

        test.Time.Advance(0.5 * Second);

        Check(test, WebSocketCloseCode.NormalClosure, "", clean: true, WebSocketCloseInitiator.Peer);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void An_end_without_a_close_frame_is_1006(string role) // §7.1.5, FR-37
    {
        TestConnection test = Open(role);

        test.Transport.EndInput();

        Check(
            test, WebSocketCloseCode.AbnormalClosure, "", clean: false, WebSocketCloseInitiator.Peer,
            typeof(EndOfStreamException));
        Assert.Equal("", test.Wire());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_reset_is_1006_with_its_exception(string role) // FR-37
    {
        TestConnection test = Open(role);

        test.Transport.Break(new IOException("reset"));

        Check(test, WebSocketCloseCode.AbnormalClosure, "", clean: false, WebSocketCloseInitiator.Peer, typeof(IOException));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_reset_after_the_closing_handshake_is_not_an_error(string role)
    {
        TestConnection test = Open(role);
        test.ReceiveClose();

        test.Transport.Break(new IOException("reset"));

        Check(test, WebSocketCloseCode.NormalClosure, "", clean: true, WebSocketCloseInitiator.Peer);
    }

    [Fact]
    public void A_half_closed_peer_that_reads_nothing_does_not_keep_the_connection_open()
    {
        TestConnection test = Open("server", options => options with { KeepAlive = KeepAliveOptions.Disabled });
        test.Transport.HoldsClose = true;
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[1_000]);

        test.Transport.EndInput();
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(2.5 * Second);

        Check(
            test, WebSocketCloseCode.AbnormalClosure, "", clean: false, WebSocketCloseInitiator.Peer,
            typeof(EndOfStreamException));
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Bytes_after_a_close_frame_are_ignored(string role) // FR-34, FR-35
    {
        var handler = new RecordingHandler();
        TestConnection test = Open(role, handler: handler);
        byte[] close = test.FromPeer(Opcode.Close, [0x03, 0xE8]);

        test.Transport.Feed([
            .. close, .. test.FromPeer(Opcode.Text, "no"u8), .. test.FromPeer(Opcode.Ping, "no"u8), .. close, 0xFF, 0xFF,
        ]);
        test.Receive("no");
        test.ReceiveClose(1001);
        test.Transport.EndInput();

        Assert.Equal("Close 1000", test.Wire());
        Assert.Equal("closed:1000", handler.Events);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_close_frame_without_a_code_is_1005_and_gets_an_empty_reply(string role) // ws, "close" 7
    {
        TestConnection test = Open(role);

        test.ReceiveClose(0);
        RawFrame frame = Assert.Single(test.Frames());
        Assert.Equal(RawOpcode.Close, frame.Opcode);
        Assert.Empty(frame.Payload);
        test.Transport.EndInput();

        Check(test, WebSocketCloseCode.NoStatusReceived, "", clean: true, WebSocketCloseInitiator.Peer);
    }

    [Theory]
    [InlineData("03", 1002)]
    [InlineData("03EC", 1002)] // 1004
    [InlineData("03ED", 1002)] // 1005
    [InlineData("03EE", 1002)] // 1006
    [InlineData("03F7", 1002)] // 1015
    [InlineData("0000", 1002)]
    [InlineData("03E7", 1002)] // 999
    [InlineData("0BB7", 1002)] // 2999
    [InlineData("1388", 1002)] // 5000
    [InlineData("03E8C3", 1007)]
    [InlineData("03E8EDA080", 1007)]
    public void An_invalid_close_frame_fails_the_connection(string payload, int expected) // FR-30 to FR-32
    {
        foreach (string role in (string[])["server", "client"])
        {
            TestConnection test = Open(role);

            test.Receive(Opcode.Close, Wire.Bytes(payload));
            Assert.Equal($"Close {expected}", test.Wire());
            Assert.True(test.Transport.IsOutputEnded);
            test.Transport.EndInput();

            Check(
                test, (WebSocketCloseCode)expected, "", clean: false, WebSocketCloseInitiator.Local,
                typeof(WebSocketProtocolException));
        }
    }

    [Theory]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(999)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(2999)]
    [InlineData(5000)]
    [InlineData(66_536)]
    public void A_forbidden_close_code_throws(int code) // FR-33, ws, "frame writer" 18
    {
        TestConnection test = Open("server");

        Assert.IsType<ArgumentOutOfRangeException>(
            test.Connection.CloseAsync((WebSocketCloseCode)code).AsTask().Exception!.InnerException);

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Equal("", test.Wire());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1013)] // ws, "close" 11
    [InlineData(1014)] // ws, "close" 12
    [InlineData(3000)]
    [InlineData(4999)]
    public void A_valid_close_code_is_sent(int code)
    {
        TestConnection test = Open("client");

        _ = test.Connection.CloseAsync((WebSocketCloseCode)code);

        Assert.Equal($"Close {code}", test.Wire());
    }

    [Fact]
    public void A_reason_has_at_most_123_bytes() // FR-33, ws, "frame writer" 19 and 20
    {
        TestConnection test = Open("server");

        Assert.IsType<ArgumentException>(
            test.Connection.CloseAsync(reason: new string('x', 124)).AsTask().Exception!.InnerException);
        Assert.IsType<ArgumentException>(
            test.Connection.CloseAsync(reason: new string('€', 42)).AsTask().Exception!.InnerException);
        Assert.Equal("", test.Wire());

        _ = test.Connection.CloseAsync(reason: new string('€', 41));

        Assert.Equal(125, Assert.Single(test.Frames()).Payload.Length);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_close_frame_without_a_code_can_be_sent(string role)
    {
        TestConnection test = Open(role);

        Assert.IsType<ArgumentException>(
            test.Connection.CloseAsync(code: null, "why").AsTask().Exception!.InnerException);
        Assert.Equal("", test.Wire());
        _ = test.Connection.CloseAsync(code: null);
        RawFrame frame = Assert.Single(test.Frames());
        Assert.Equal((RawOpcode.Close, 0), (frame.Opcode, frame.Payload.Length));
        test.ReceiveClose(0);
        test.Transport.EndInput();

        Check(test, WebSocketCloseCode.NoStatusReceived, "", clean: true, WebSocketCloseInitiator.Local);
    }

    [Fact]
    public void A_null_reason_is_sent_as_empty()
    {
        TestConnection test = Open("server");

        _ = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway, reason: null);

        Assert.Equal([0x03, 0xE9], Assert.Single(test.Frames()).Payload);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Messages_can_be_sent_to_a_closed_peer_until_our_close_frame_is_sent(string role) // §5.5.1
    {
        TestConnection test = Open(role);
        test.Receive("question");
        ValueTask<WebSocketMessage> question = test.Connection.ReceiveMessageAsync();
        test.ReceiveClose();
        Assert.True(question.IsCompletedSuccessfully);

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend("answer"));
        _ = test.Connection.ReceiveAsync();

        Assert.Equal("Text 'answer', Close 1000", test.Wire());
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("late"));
    }

    [Fact]
    public async Task Closing_twice_sends_one_close_frame()
    {
        TestConnection test = Open("server");
        Task<WebSocketCloseResult> first = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway).AsTask();
        Task<WebSocketCloseResult> second = test.Connection.CloseAsync().AsTask();
        Assert.Equal("Close 1001", test.Wire());

        test.ReceiveClose(1001);
        test.Transport.EndInput();

        Assert.Same(await first, await second);
        Assert.Same(await first, await test.Connection.CloseAsync(WebSocketCloseCode.InternalError));
        await test.Connection.DisposeAsync();
        test.Connection.Abort();
        Assert.Equal(WebSocketCloseCode.GoingAway, test.Result.Code);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Fact]
    public async Task Canceling_CloseAsync_does_not_stop_the_closing_handshake()
    {
        TestConnection test = Open("server");
        using var cancellation = new CancellationTokenSource();
        Task close = test.Connection.CloseAsync(cancellationToken: cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => close);
        test.ReceiveClose();
        test.Transport.EndInput();

        Assert.True(test.Result.WasClean);
    }

    [Fact]
    public void A_peer_that_half_closes_after_its_close_frame_still_gets_everything() // as WebSocket-Node does
    {
        TestConnection test = Open("server");
        test.Transport.Capacity = 10;
        test.Connection.TrySend(new byte[5_000]);
        test.Connection.TrySend(new byte[5_000]);

        test.ReceiveClose();
        test.Transport.EndInput();
        Assert.False(test.Transport.IsClosed);
        test.Transport.Drain();

        Assert.Equal("Binary 5000 bytes, Binary 5000 bytes, Close 1000", test.Wire());
        Check(test, WebSocketCloseCode.NormalClosure, "", clean: true, WebSocketCloseInitiator.Peer);
        Assert.False(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Aborting_aborts_the_transport_at_once(string role)
    {
        TestConnection test = Open(role);
        Task<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync().AsTask();

        test.Connection.Abort();
        test.Connection.Abort();

        Check(test, WebSocketCloseCode.AbnormalClosure, "", clean: false, WebSocketCloseInitiator.Local);
        Assert.True(test.Transport.IsAborted);
        Assert.Equal("", test.Wire());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => receive);
    }

    [Fact] // §7.1.7
    public void A_failed_connection_sends_its_close_code_and_lingers_for_a_second()
    {
        TestConnection test = Open("server");
        test.Transport.Feed([0xC1, 0x80]);
        Assert.Equal("Close 1002", test.Wire());
        Assert.True(test.Transport.IsOutputEnded);
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("no"u8));

        test.Transport.Feed(new byte[60_000]);
        test.Time.Advance(0.9 * Second);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(0.4 * Second);

        Check(
            test, WebSocketCloseCode.ProtocolError, "", clean: false, WebSocketCloseInitiator.Local,
            typeof(WebSocketProtocolException));
        Assert.False(test.Transport.IsAborted);
        Assert.Equal("", test.Wire());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_failed_connection_lingers_for_at_most_16_MiB()
    {
        TestConnection test = Open("server");
        test.Transport.Feed([0xC1, 0x80]);

        for (int i = 0; i < 16; i++)
        {
            test.Transport.Feed(new byte[1_024 * 1_024]);
            Assert.False(test.Transport.IsClosed);
        }

        test.Transport.Feed([0]);

        Assert.True(test.Transport.IsClosed);
    }

    [Fact] // ws, "shutdown edge cases" 1 and 2
    public void Both_ends_send_garbage_and_neither_hangs()
    {
        foreach (bool closing in (bool[])[false, true])
        {
            var link = new InMemoryLink();
            var client = new TestConnection(Role.Client, transport: link.Client);
            var server = new TestConnection(Role.Server, transport: link.Server);
            if (closing)
            {
                _ = server.Connection.CloseAsync();
            }

            client.Transport.Feed([0x85, 0x00]);
            server.Transport.Feed([0x85, 0x00]);
            link.Pump();

            Assert.IsType<WebSocketProtocolException>(client.Result.Exception);
            Assert.IsType<WebSocketProtocolException>(server.Result.Exception);
        }
    }

    [Fact]
    public void A_violation_after_our_close_frame_sends_no_second_one()
    {
        TestConnection test = Open("server");
        _ = test.Connection.CloseAsync();

        test.Transport.Feed([0xC1, 0x80]);
        test.Transport.EndInput();

        Assert.Equal("Close 1000", test.Wire());
        Check(
            test, WebSocketCloseCode.NormalClosure, "", clean: false, WebSocketCloseInitiator.Local,
            typeof(WebSocketProtocolException));
    }

    [Fact]
    public void A_close_frame_queued_behind_sends_is_sent_when_the_connection_fails()
    {
        TestConnection test = Open("server", options => options with
        {
            Limits = options.Limits with { MaxSendBufferLength = 100 },
        });
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[100]);
        Task waits = test.Connection.SendAsync("waits").AsTask();
        _ = test.Connection.CloseAsync();

        test.Transport.Feed([0xC1, 0x80]);
        Assert.IsType<WebSocketClosedException>(waits.Exception!.InnerException);
        test.Transport.Drain();

        Assert.Equal("Binary 100 bytes, Close 1000", test.Wire());
        Assert.True(test.Transport.IsOutputEnded);
    }

    private static TestConnection Open(
        string role, Func<WebSocketConnectionOptions, WebSocketConnectionOptions>? change = null,
        WebSocketHandler? handler = null)
    {
        Role end = role == "server" ? Role.Server : Role.Client;
        var options = new WebSocketConnectionOptions();
        return new TestConnection(end, handler, change is null ? options : change(options));
    }

    private static void Check(
        TestConnection test, WebSocketCloseCode code, string reason, bool clean, WebSocketCloseInitiator initiator,
        Type? exception = null)
    {
        WebSocketCloseResult result = test.Result;
        Assert.Equal((code, reason, clean, initiator), (result.Code, result.Reason, result.WasClean, result.Initiator));
        Assert.Equal(exception, result.Exception?.GetType());
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        Assert.Equal(1, test.OnClosedCount);
        Assert.True(test.Transport.IsClosed);
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("no"u8));
    }
}
