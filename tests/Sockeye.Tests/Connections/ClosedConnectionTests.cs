using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Connections that are closing or closed: what they report, and that nothing is sent on them.</summary>
public sealed class ClosedConnectionTests
{
    [Theory] // ws, "readyState"
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_is_Closing_until_the_peer_has_replied(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        _ = test.Connection.CloseAsync().AsTask();
        Assert.Equal(WebSocketConnectionState.Closing, test.Connection.State);

        test.ReceiveClose();
        test.Transport.EndInput();
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
    }

    // ws is CLOSING as soon as the Close frame has arrived. Here messages can be sent until this end has replied (RFC 6455 §5.5.1).
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_is_Open_until_the_messages_before_the_peers_close_frame_are_received(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        test.Receive("before");
        test.ReceiveClose();
        Assert.True(test.Connection.Closing.IsCancellationRequested);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        Assert.Equal("before", (await test.Connection.ReceiveMessageAsync()).GetText());
        Assert.Null(await test.Connection.ReceiveAsync().AsTask().WithDeadline());

        Assert.Equal("Close 1000", test.Wire());
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
    }

    [Theory] // ws, "terminate" 6
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_connection_is_Closed_and_an_abort_changes_nothing(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        test.Transport.EndInput();
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        WebSocketCloseResult result = test.Result;

        test.Connection.Abort();

        Assert.Same(result, test.Result);
        Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
    }

    [Theory] // ws, "bufferedAmount", "ping" 6 to 8, "pong" 6 to 8, "send" 2 and 3: there it grows, and only callbacks get errors
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task Every_kind_of_send_fails_and_nothing_is_buffered(bool isClosed, bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        WebSocketConnection connection = test.Connection;
        Assert.Equal(0, connection.SendBufferLength);
        _ = connection.CloseAsync().AsTask();
        Assert.Equal("Close 1000", test.Wire());
        if (isClosed)
        {
            connection.Abort();
        }

        Assert.Equal(WebSocketSendResult.Closed, connection.TrySend("text"));
        Assert.Equal(WebSocketSendResult.Closed, connection.TrySend([1, 2, 3]));
        Assert.Equal(WebSocketSendResult.Closed, connection.TrySend(WebSocketPreparedMessage.Text("text")));
        await AssertClosedAsync(() => connection.SendAsync("text").AsTask());
        await AssertClosedAsync(() => connection.SendAsync(new byte[3]).AsTask());
        await AssertClosedAsync(() => connection.SendAsync(WebSocketPreparedMessage.Text("text")).AsTask());
        await AssertClosedAsync(() => connection.BeginMessage(WebSocketMessageKind.Text).WriteAsync("a"u8.ToArray()).AsTask());
        await AssertClosedAsync(() => new WebSocketFrameWriter(connection).SendAsync(new WebSocketFrame(1, default)).AsTask());
        await AssertClosedAsync(() => connection.PingAsync().AsTask());
        await AssertClosedAsync(() => connection.PongAsync().AsTask());

        Assert.Equal("", test.Wire());
        Assert.Equal(0, connection.SendBufferLength);
        Assert.Equal(0, connection.SentMessageCount);
    }

    [Fact] // ws, "pause" 1 and "resume" 3
    public async Task Pausing_and_resuming_a_closed_connection_changes_nothing()
    {
        var test = new TestConnection();
        test.Connection.Abort();

        test.Connection.PauseReceiving();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask().WithDeadline());
        test.Connection.ResumeReceiving();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask().WithDeadline());
    }

    [Theory] // ws, "ping" 8 and 9, "pong" 8 and 9
    [InlineData(true)]
    [InlineData(false)]
    public void Pings_and_pongs_are_sent_with_and_without_a_payload(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);

        Assert.True(test.Connection.PongAsync().IsCompletedSuccessfully);
        Assert.True(test.Connection.PongAsync("some"u8.ToArray()).IsCompletedSuccessfully);
        _ = test.Connection.PingAsync().AsTask();

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal("Pong '', Pong 'some'", string.Join(", ", frames.Take(2)));
        Assert.Equal(RawOpcode.Ping, frames[2].Opcode);
        Assert.NotEmpty(frames[2].Payload);
    }

    [Fact]
    public async Task Null_is_never_sent()
    {
        var test = new TestConnection();

        Assert.Throws<ArgumentNullException>(() => test.Connection.TrySend((string)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Connection.SendAsync((string)null!).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>(() => test.Connection.SendAsync((WebSocketPreparedMessage)null!).AsTask());

        Assert.Equal("", test.Wire());
    }

    private static Task<WebSocketClosedException> AssertClosedAsync(Func<Task> send) =>
        Assert.ThrowsAsync<WebSocketClosedException>(() => send().WithDeadline());
}
