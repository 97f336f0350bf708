using System.Net.WebSockets;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A connection as a <see cref="WebSocket"/> of the platform.</summary>
public sealed class ConnectionWebSocketTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_message_is_read_in_parts_into_small_buffers(bool isServer, bool deliverFragments)
    {
        TestConnection test = Open(isServer, deliverFragments);
        WebSocket socket = test.Connection.AsWebSocket();
        test.Receive("hello");
        test.Receive(Opcode.Binary, []);
        byte[] buffer = new byte[3];

        ValueWebSocketReceiveResult first = await socket.ReceiveAsync(buffer.AsMemory(), None);
        Assert.Equal("hel", Encoding.UTF8.GetString(buffer));
        ValueWebSocketReceiveResult nothing = await socket.ReceiveAsync(Memory<byte>.Empty, None);
        WebSocketReceiveResult second = await socket.ReceiveAsync(new ArraySegment<byte>(buffer, 1, 2), None);
        Assert.Equal("hlo", Encoding.UTF8.GetString(buffer));
        ValueWebSocketReceiveResult empty = await socket.ReceiveAsync(buffer.AsMemory(), None);

        Assert.Equal((3, WebSocketMessageType.Text, false), (first.Count, first.MessageType, first.EndOfMessage));
        Assert.Equal((0, WebSocketMessageType.Text, false), (nothing.Count, nothing.MessageType, nothing.EndOfMessage));
        Assert.Equal((2, WebSocketMessageType.Text, true), (second.Count, second.MessageType, second.EndOfMessage));
        Assert.Equal((0, WebSocketMessageType.Binary, true), (empty.Count, empty.MessageType, empty.EndOfMessage));
        Assert.Null(second.CloseStatus);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_close_frame_that_was_answered_before_is_received_and_closing_then_completes(bool hasLongBuffer, bool closesOutput)
    {
        TestConnection test = Open(isServer: true, deliverFragments: false);
        test.ReceiveClose(4001, "bye");
        Assert.Equal("Close 4001", test.Wire());
        WebSocket socket = test.Connection.AsWebSocket();
        Assert.Equal(WebSocketState.Open, socket.State);
        byte[] buffer = new byte[hasLongBuffer ? 10 : 1];

        WebSocketReceiveResult result = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), None);
        Assert.Equal((WebSocketMessageType.Close, (WebSocketCloseStatus)4001, "bye"), (result.MessageType, result.CloseStatus, result.CloseStatusDescription));
        Assert.Equal(WebSocketState.CloseReceived, socket.State);
        Task closing = closesOutput
            ? socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, None)
            : socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None);
        await closing.WithDeadline();

        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal("", test.Wire());
    }

    [Fact]
    public async Task The_output_can_be_closed_before_an_answered_close_frame_is_received()
    {
        TestConnection test = Open(isServer: true, deliverFragments: false);
        test.ReceiveClose();
        WebSocket socket = test.Connection.AsWebSocket();

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, None).WithDeadline();
        Assert.Equal(WebSocketState.CloseSent, socket.State);
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(new byte[1].AsMemory(), None);

        Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        Assert.Equal(WebSocketState.Closed, socket.State);
    }

    [Fact]
    public async Task Sends_without_the_end_of_a_message_are_fragments()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();

        await socket.SendAsync("a"u8.ToArray().AsMemory(), WebSocketMessageType.Text, endOfMessage: false, None);
        await socket.SendAsync("b"u8.ToArray().AsMemory(), WebSocketMessageType.Text, WebSocketMessageFlags.None, None);
        await socket.SendAsync(new ArraySegment<byte>("xcx"u8.ToArray(), 1, 1), WebSocketMessageType.Text, endOfMessage: true, None);
        await socket.SendAsync(new byte[] { 1 }.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, None);

        Assert.Equal(
            ["Text False 61", "Continuation False 62", "Continuation True 63", "Binary True 01"],
            test.Frames().Select(frame => $"{frame.Opcode} {frame.Fin} {Convert.ToHexString(frame.Payload)}"));
    }

    [Fact]
    public async Task DisableCompression_sends_a_message_uncompressed_and_must_be_the_same_for_all_fragments()
    {
        var test = new TestConnection(deflate: DeflateSetup.Takeover());
        WebSocket socket = test.Connection.AsWebSocket();
        byte[] payload = new byte[2_000];

        await socket.SendAsync(
            payload.AsMemory(), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage | WebSocketMessageFlags.DisableCompression,
            None);
        await socket.SendAsync(payload.AsMemory(), WebSocketMessageType.Binary, WebSocketMessageFlags.None, None);
        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(() => socket.SendAsync(
            payload.AsMemory(), WebSocketMessageType.Binary, WebSocketMessageFlags.DisableCompression, None).AsTask());
        await socket.SendAsync(payload.AsMemory(), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, None);

        Assert.Equal("messageFlags", thrown.ParamName);
        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal([0, FrameHeader.Rsv1, 0], frames.Select(frame => frame.ReservedBits));
        Assert.Equal(payload.Length, frames[0].Payload.Length);
    }

    [Fact]
    public async Task A_whole_message_waits_for_room_under_a_policy_that_drops_messages()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            SlowConsumer = SlowConsumerOptions.DropNewest,
            Limits = new() { MaxSendBufferLength = 1_000 },
        });
        test.Transport.Capacity = 0;
        WebSocket socket = test.Connection.AsWebSocket();
        await socket.SendAsync(new byte[1_000].AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, None).WithDeadline();

        Task waits = socket.SendAsync(new byte[500].AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, None).AsTask();
        Assert.False(waits.IsCompleted);
        test.Transport.Drain();
        await waits.WithDeadline();

        Assert.Equal("Binary 1000 bytes, Binary 500 bytes", test.Wire());
        Assert.Equal(0, test.Connection.DropCounts.Total);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_peers_Close_frame_is_a_result_and_this_end_may_send_and_reply_with_its_own_code(bool isServer)
    {
        TestConnection test = Open(isServer);
        WebSocket socket = test.Connection.AsWebSocket();
        test.Receive("last");
        Assert.Equal(4, (await socket.ReceiveAsync(new byte[9].AsMemory(), None)).Count);
        Task<WebSocketReceiveResult> receiving = socket.ReceiveAsync(new ArraySegment<byte>(new byte[9]), None);

        test.ReceiveClose(4001, "bye");
        WebSocketReceiveResult result = await receiving.WithDeadline();

        Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        Assert.True(result.EndOfMessage);
        Assert.Equal(((WebSocketCloseStatus)4001, "bye"), (result.CloseStatus, result.CloseStatusDescription));
        Assert.Equal(((WebSocketCloseStatus)4001, "bye"), (socket.CloseStatus, socket.CloseStatusDescription));
        Assert.Equal(WebSocketState.CloseReceived, socket.State);
        Assert.Empty(test.Frames());

        await socket.SendAsync("still"u8.ToArray().AsMemory(), WebSocketMessageType.Text, true, None);
        Task closing = socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "own", None);
        test.Transport.EndInput();
        await closing.WithDeadline();

        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal(
            ["Text 7374696C6C", "Close 03E96F776E"],
            test.Frames().Select(frame => $"{frame.Opcode} {Convert.ToHexString(frame.Payload)}"));
        Assert.True(test.Result.WasClean);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task A_Close_frame_without_a_code_is_reported_as_NormalClosure_as_the_platform_does()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        test.ReceiveClose(0);

        WebSocketReceiveResult result = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[9]), None).WithDeadline();

        Assert.Equal((WebSocketCloseStatus.NormalClosure, ""), (result.CloseStatus, result.CloseStatusDescription));
    }

    [Fact]
    public async Task A_Close_frame_that_the_application_does_not_reply_to_is_answered_within_the_close_timeout()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        test.ReceiveClose(4001);
        await socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask().WithDeadline();

        test.Time.Advance(test.Connection.Core.Settings.Options.CloseTimeout * 0.7);
        Assert.Empty(test.Frames());
        Assert.Equal(WebSocketState.CloseReceived, socket.State);
        test.Time.Advance(test.Connection.Core.Settings.Options.CloseTimeout * 0.2);

        Assert.Equal("0FA1", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        Assert.Equal(WebSocketState.Closed, socket.State);
    }

    [Fact]
    public async Task CloseOutputAsync_sends_a_Close_frame_and_receiving_continues_until_the_peers()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "done", None);
        Assert.Equal(WebSocketState.CloseSent, socket.State);
        Assert.Equal("03E8646F6E65", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        test.Receive("late");
        test.ReceiveClose(1001);
        byte[] buffer = new byte[9];
        ValueWebSocketReceiveResult late = await socket.ReceiveAsync(buffer.AsMemory(), None);
        ValueWebSocketReceiveResult close = await socket.ReceiveAsync(buffer.AsMemory(), None).AsTask().WithDeadline();

        Assert.Equal((4, true), (late.Count, late.EndOfMessage));
        Assert.Equal(WebSocketMessageType.Close, close.MessageType);
        Assert.Equal((WebSocketState.Closed, WebSocketCloseStatus.EndpointUnavailable), (socket.State, socket.CloseStatus));
        await AssertError(WebSocketError.InvalidState, () => socket.ReceiveAsync(buffer.AsMemory(), None).AsTask());
        await AssertError(
            WebSocketError.InvalidState, () => socket.SendAsync(buffer.AsMemory(), WebSocketMessageType.Text, true, None).AsTask());
        await AssertError(WebSocketError.InvalidState, () => socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None));
    }

    [Fact]
    public async Task CloseAsync_waits_for_the_peer_and_a_receive_that_waits_gets_the_Close_frame()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();

        Task closing = socket.CloseAsync(WebSocketCloseStatus.Empty, null, None);
        Assert.Equal(WebSocketState.CloseSent, socket.State);
        await AssertError(
            WebSocketError.InvalidState, () => socket.SendAsync(new byte[1].AsMemory(), WebSocketMessageType.Text, true, None).AsTask());
        await AssertError(
            WebSocketError.InvalidState, () => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, None));
        test.ReceiveClose(1000);
        test.Transport.EndInput();

        await closing.WithDeadline();
        Assert.Equal(WebSocketMessageType.Close, (await receiving.WithDeadline()).MessageType);
        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Empty(Assert.Single(test.Frames()).Payload);
    }

    [Fact]
    public async Task CloseAsync_fails_when_the_peer_does_not_respond()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task closing = socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None);

        test.Time.Advance(test.Connection.Core.Settings.Options.CloseTimeout * 2);

        await AssertError(WebSocketError.ConnectionClosedPrematurely, () => closing.WithDeadline());
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Fact]
    public async Task Canceling_a_receive_a_send_or_a_close_does_not_abort_the_connection()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        using var canceled = new CancellationTokenSource();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), canceled.Token).AsTask();
        test.Transport.Capacity = 0;
        while (test.Connection.TrySend(new byte[100_000]) != WebSocketSendResult.Refused)
        {
        }

        Task sending = socket.SendAsync(new byte[9].AsMemory(), WebSocketMessageType.Text, endOfMessage: false, canceled.Token).AsTask();
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.WithDeadline());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WithDeadline());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => socket.ReceiveAsync(new byte[9].AsMemory(), canceled.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, canceled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, canceled.Token));

        Assert.Equal(WebSocketState.Open, socket.State);
        test.Transport.Drain();
        test.Transport.TakeOutput();
        await socket.SendAsync(new byte[] { 7 }.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, None).AsTask().WithDeadline();
        test.Receive("kept");

        RawFrame sent = Assert.Single(test.Frames());
        Assert.Equal((RawOpcode.Binary, true, "07"), (sent.Opcode, sent.Fin, Convert.ToHexString(sent.Payload)));
        Assert.Equal(4, (await socket.ReceiveAsync(new byte[9].AsMemory(), None)).Count);
    }

    [Fact]
    public async Task Abort_cancels_what_waits_and_nothing_is_allowed_after_it()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();

        socket.Abort();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.WithDeadline());
        Assert.True(test.Transport.IsAborted);
        await AssertError(WebSocketError.InvalidState, () => socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask());
        await AssertError(WebSocketError.InvalidState, () => socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None));
        socket.Dispose();
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Fact]
    public async Task Disposing_an_open_socket_aborts_and_a_receive_that_waits_throws()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();

        socket.Dispose();
        socket.Dispose();

        await AssertError(WebSocketError.ConnectionClosedPrematurely, () => receiving.WithDeadline());
        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.True(test.Transport.IsAborted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposing_a_closing_socket_completes_the_closing_handshake(bool closesFirst)
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        if (closesFirst)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, None);
            Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();
            socket.Dispose();
            await AssertError(WebSocketError.ConnectionClosedPrematurely, () => receiving.WithDeadline());
            test.Receive("dropped");
            test.ReceiveClose();
        }
        else
        {
            test.ReceiveClose();
            await socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask().WithDeadline();
            socket.Dispose();
        }

        test.Transport.EndInput();
        Assert.True((await test.Connection.Closed.WithDeadline()).WasClean);
        Assert.Equal("03E8", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public async Task A_lost_connection_is_thrown_behind_what_was_received()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        test.Receive("last");
        test.Transport.EndInput();
        await test.Connection.Closed.WithDeadline();

        await AssertError(
            WebSocketError.ConnectionClosedPrematurely,
            () => socket.SendAsync(new byte[9].AsMemory(), WebSocketMessageType.Text, true, None).AsTask());
        await AssertError(
            WebSocketError.ConnectionClosedPrematurely, () => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, None));
        Assert.Equal(4, (await socket.ReceiveAsync(new byte[9].AsMemory(), None)).Count);
        WebSocketException thrown = await AssertError(
            WebSocketError.ConnectionClosedPrematurely, () => socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask());

        Assert.IsType<WebSocketClosedException>(thrown.InnerException);
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Fact]
    public async Task A_rule_that_the_peer_breaks_is_Faulted()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();

        test.Transport.Feed(test.FromPeer((Opcode)3, []));
        test.Transport.EndInput();

        await AssertError(WebSocketError.Faulted, () => receiving.WithDeadline());
        Assert.Equal("03EA", Convert.ToHexString(Assert.Single(test.Frames()).Payload));
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Fact]
    public async Task A_second_receive_is_rejected_and_the_first_continues_to_wait()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        Task<ValueWebSocketReceiveResult> receiving = socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask());
        test.Receive("one");

        Assert.Equal(3, (await receiving.WithDeadline()).Count);
    }

    [Fact]
    public async Task Whole_messages_may_be_sent_at_a_time_and_an_empty_fragment_is_not_sent()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();
        test.Transport.Capacity = 0;
        Task[] sending =
        [
            .. Enumerable.Range(0, 40).Select(i => socket.SendAsync(
                Enumerable.Repeat((byte)i, 50_000).ToArray().AsMemory(), WebSocketMessageType.Binary, true, None).AsTask()),
        ];
        Assert.Contains(sending, task => !task.IsCompleted);

        test.Transport.Drain();
        await Task.WhenAll(sending).WithDeadline();
        await socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Text, endOfMessage: false, None);
        await socket.SendAsync("a"u8.ToArray().AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, None);

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal(Enumerable.Range(0, 40), frames.Take(40).Select(frame => (int)frame.Payload[0]));
        RawFrame last = Assert.Single(frames.Skip(40));
        Assert.Equal((RawOpcode.Text, true), (last.Opcode, last.Fin));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_close_inside_a_message_delivers_its_part_only_with_fragments(bool deliverFragments)
    {
        TestConnection test = Open(isServer: true, deliverFragments);
        WebSocket socket = test.Connection.AsWebSocket();
        test.Receive(Opcode.Binary, "part"u8, fin: false);
        test.ReceiveClose();

        ValueWebSocketReceiveResult first = await socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask().WithDeadline();

        Assert.Equal(deliverFragments ? WebSocketMessageType.Binary : WebSocketMessageType.Close, first.MessageType);
        if (deliverFragments)
        {
            Assert.Equal((4, false), (first.Count, first.EndOfMessage));
            Assert.Equal(
                WebSocketMessageType.Close,
                (await socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask().WithDeadline()).MessageType);
        }
    }

    [Fact]
    public void Wrong_arguments_are_rejected()
    {
        WebSocket socket = Open(isServer: true).Connection.AsWebSocket();
        byte[] buffer = new byte[1];

        Assert.Equal("messageType", Assert.Throws<ArgumentException>(
            () => { _ = socket.SendAsync(buffer.AsMemory(), WebSocketMessageType.Close, true, None); }).ParamName);
        Assert.Equal("buffer", Assert.Throws<ArgumentNullException>(
            () => { _ = socket.SendAsync(default(ArraySegment<byte>), WebSocketMessageType.Text, true, None); }).ParamName);
        Assert.Equal("buffer", Assert.Throws<ArgumentNullException>(
            () => { _ = socket.ReceiveAsync(default(ArraySegment<byte>), None); }).ParamName);
        foreach (int code in (int[])[0, 999, 1004, 1006, 1015, 2999, 5000])
        {
            Assert.Equal("closeStatus", Assert.Throws<ArgumentException>(
                () => { _ = socket.CloseAsync((WebSocketCloseStatus)code, null, None); }).ParamName);
        }

        Assert.Equal("statusDescription", Assert.Throws<ArgumentException>(
            () => { _ = socket.CloseOutputAsync(WebSocketCloseStatus.Empty, "x", None); }).ParamName);
        Assert.Equal("statusDescription", Assert.Throws<ArgumentException>(
            () => { _ = socket.CloseAsync(WebSocketCloseStatus.NormalClosure, new string('x', 124), None); }).ParamName);
        Assert.Throws<InvalidOperationException>(() => new TestConnection(handler: new RecordingHandler()).Connection.AsWebSocket());
    }

    [Fact]
    public async Task A_close_by_the_connection_itself_shows_in_the_state()
    {
        TestConnection test = Open(isServer: true);
        WebSocket socket = test.Connection.AsWebSocket();

        Task closing = test.Connection.CloseAsync(WebSocketCloseCode.GoingAway).AsTask();

        Assert.Equal(WebSocketState.CloseSent, socket.State);
        test.ReceiveClose(1001);
        Assert.Equal(
            WebSocketMessageType.Close, (await socket.ReceiveAsync(new byte[9].AsMemory(), None).AsTask().WithDeadline()).MessageType);
        test.Transport.EndInput();
        await closing.WithDeadline();
        Assert.Equal(WebSocketState.Closed, socket.State);
    }

    [Fact]
    public async Task Receiving_and_sending_allocate_no_more_than_on_the_connection()
    {
        long byConnection = await MeasureAsync(static async (connection, _, buffer) =>
        {
            await connection.ReceiveAsync();
            await connection.SendAsync(buffer);
        });
        long bySocket = await MeasureAsync(static async (_, socket, buffer) =>
        {
            await socket.ReceiveAsync(buffer.AsMemory(0, 60), None);
            await socket.ReceiveAsync(buffer.AsMemory(0, 60), None);
            await socket.SendAsync(buffer.AsMemory(), WebSocketMessageType.Binary, true, None);
        });

        // The transport of the test copies what it is fed.
        Assert.Equal(byConnection, bySocket);
    }

    private static async Task<long> MeasureAsync(Func<WebSocketConnection, WebSocket, byte[], Task> exchange)
    {
        const int Count = 1_000;
        var test = new TestConnection(transport: new InMemoryTransport { KeepsOutput = false });
        WebSocket socket = test.Connection.AsWebSocket();
        byte[] buffer = new byte[100];
        byte[] frame = test.FromPeer(Opcode.Binary, buffer);
        await RepeatAsync(Count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        await RepeatAsync(Count);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / Count;

        async Task RepeatAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                test.Transport.Feed(frame);
                await exchange(test.Connection, socket, buffer);
            }
        }
    }

    private static TestConnection Open(bool isServer, bool deliverFragments = false) => new(
        isServer ? Role.Server : Role.Client, options: new WebSocketConnectionOptions { DeliverFragments = deliverFragments });

    private static async Task<WebSocketException> AssertError(WebSocketError error, Func<Task> act)
    {
        WebSocketException thrown = await Assert.ThrowsAsync<WebSocketException>(act);
        Assert.Equal(error, thrown.WebSocketErrorCode);
        return thrown;
    }
}
