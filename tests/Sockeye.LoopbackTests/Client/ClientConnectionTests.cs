namespace Sockeye.Tests;

public sealed class ClientConnectionTests
{
    [Fact]
    public async Task All_client_frames_are_masked_with_different_keys()
    {
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync();
        using RawPeer _ = peer;
        byte[] bytes = new byte[4 * (2 + 4 + 5)];

        for (int i = 0; i < 4; i++)
        {
            await client.SendAsync("hello");
        }

        await peer.Stream.ReadExactlyAsync(bytes).WithDeadline();

        byte[][] frames = [.. bytes.Chunk(2 + 4 + 5)];
        Assert.All(frames, frame => Assert.Equal([0x81, 0x85], frame[..2]));
        Assert.Equal(4, frames.Select(frame => Convert.ToHexString(frame, 2, 4)).Distinct().Count());
        Assert.All(frames, frame => Assert.Equal(
            "hello"u8.ToArray(), frame[6..].Select((value, index) => (byte)(value ^ frame[2 + (index % 4)]))));
        client.Abort();
    }

    [Fact]
    public async Task A_client_replies_to_pings_with_masked_pongs()
    {
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Ping, "are you there"u8));
        RawFrame pong = await peer.ReadFrameAsync();

        Assert.Equal(RawFrame.Pong, pong.First);
        Assert.True(pong.IsMasked);
        Assert.Equal("are you there", pong.PayloadText);
        client.Abort();
    }

    [Fact]
    public async Task A_client_replies_to_a_close_frame_and_waits_for_the_server_to_close_the_transport()
    {
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, [0x0F, 0xA0, .. "bye"u8]));
        RawFrame close = await peer.ReadFrameAsync();

        Assert.Equal(RawFrame.Close, close.First);
        Assert.True(close.IsMasked);
        Assert.Equal(4000, close.CloseCode);

        // The application need not wait for the server to end the transport, which the client leaves to it (RFC 6455 §7.1.1).
        WebSocketCloseResult result = await client.Closed.WithDeadline();
        peer.EndOutput();
        Assert.Equal(4000, (int)result.Code);
        Assert.Equal("bye", result.Reason);
        Assert.True(result.WasClean);
        Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
        Assert.Null(result.Exception);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_server_that_does_not_reply_to_a_close_frame_is_aborted_at_the_close_timeout()
    {
        var time = new ManualTimeProvider();
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) =
            await server.ConnectAsync(new WebSocketClientOptions { TimeProvider = time });
        using RawPeer _ = peer;

        Task<WebSocketCloseResult> closing = client.CloseAsync(WebSocketCloseCode.NormalClosure, "done").AsTask();
        RawFrame close = await peer.ReadFrameAsync();
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(closing.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        WebSocketCloseResult result = await closing.WithDeadline();

        Assert.Equal("\u0003\uFFFDdone", close.PayloadText);
        Assert.False(result.WasClean);
        Assert.IsType<TimeoutException>(result.Exception);
        Assert.Equal(WebSocketCloseInitiator.Local, result.Initiator);
    }

    [Fact]
    public async Task A_server_that_replies_but_keeps_the_transport_open_is_a_clean_close()
    {
        var time = new ManualTimeProvider();
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) =
            await server.ConnectAsync(new WebSocketClientOptions { TimeProvider = time });
        using RawPeer _ = peer;

        Task<WebSocketCloseResult> closing = client.CloseAsync().AsTask();
        await peer.ReadFrameAsync();
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, 0x03, 0xE8));

        // The answer has no witness but the end: the clock moves until it comes.
        await Deadlines.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return closing.IsCompleted;
            },
            "the end");

        // It may have moved faster than the answer.
        WebSocketCloseResult result = await closing;
        Assert.Equal(WebSocketCloseCode.NormalClosure, result.Code);
        Assert.Equal(result.WasClean, result.Exception is null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_ends_without_a_close_frame_is_1006(bool reset)
    {
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync();
        Task<WebSocketMessage> receiving = client.ReceiveMessageAsync().AsTask();

        if (reset)
        {
            peer.Reset();
        }

        peer.Dispose();
        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
        Assert.False(result.WasClean);
        Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
        Assert.NotNull(result.Exception);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => receiving.WithDeadline());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => client.SendAsync("too late").AsTask());
        Assert.Equal(WebSocketSendResult.Closed, client.TrySend("too late"u8));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => client.PingAsync().AsTask());
        Assert.Same(result, await client.CloseAsync().WithDeadline());
    }

    [Fact]
    public async Task A_masked_frame_from_a_server_fails_the_connection()
    {
        using var server = new RawServer();
        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync();
        using RawPeer _ = peer;

        await peer.SendMaskedAsync(RawFrame.Text, 0x61);
        RawFrame close = await peer.ReadFrameAsync();
        peer.EndOutput();
        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.Equal(1002, close.CloseCode);
        Assert.IsType<WebSocketProtocolException>(result.Exception);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => client.ReceiveAsync().AsTask());
    }

    [Fact]
    public async Task A_handler_gets_frames_that_arrived_with_the_response()
    {
        using var server = new RawServer();
        var handler = new CollectingHandler();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, handler);
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request) + "\u0081\u0003one\u0081\u0003two\u0088\0");
        await connecting.WithDeadline();
        peer.EndOutput();
        string all = await handler.Ended.Task.WithDeadline();

        Assert.Equal("open one two 1005", all);
    }

    private sealed class CollectingHandler : WebSocketHandler
    {
        private string _all = "";

        public TaskCompletionSource<string> Ended { get; } = new();

        public override void OnOpened(WebSocketConnection connection) => _all += "open";

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            _all += " " + System.Text.Encoding.UTF8.GetString(payload);

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
            Ended.SetResult($"{_all} {(int)result.Code}");
    }
}
