namespace Sockeye.Tests;

/// <summary>
/// A peer that has sent a million messages of a byte, to a handler that fails with each once the connection closes. All threads
/// of these tests have a small stack (runtimeconfig.template.json).
/// </summary>
public sealed class FloodWhileClosingTests
{
    private const int Count = SmallStack.EntryCount;

    // No message of a byte takes more of the inbox.
    private const int MaxEntryLength = 128;

    [Theory]
    [EachServer(64 * 1024, true)]
    [EachServer(64 * 1024, false)]
    [EachServer(1024 * 1024, true)]
    [EachServer(1024 * 1024, false)]
    [EachServer(16 * 1024 * 1024, true)]
    [EachServer(16 * 1024 * 1024, false)]
    public async Task A_flood_does_not_delay_a_close_or_a_stop(ServerKind kind, int maxInboxLength, bool isServerStopped)
    {
        var handler = new FailingHandler { ClosesItself = !isServerStopped };
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                Connection = new()
                {
                    Limits = new() { MaxInboxLength = maxInboxLength },
                },
            },
            handler);
        using RawPeer peer = kind.IsSecure()
            ? await RawPeer.OpenTlsAsync(server.LocalEndPoint)
            : await RawPeer.OpenAsync(server.LocalEndPoint);
        byte[] flood = Flood();
        Task flooding = FloodAsync(peer, flood);
        WebSocketConnection connection = await handler.Began.WithDeadline();
        await Deadlines.UntilAsync(
            () => connection.Core.ReceivedLength >= flood.Length || connection.Core.Receiver.IsFull, "a full inbox");

        Task stopping = isServerStopped ? server.StopAsync() : Task.CompletedTask;
        await Deadlines.UntilAsync(() => connection.State != WebSocketConnectionState.Open, "the beginning of the end");

        // What waits is delivered in place, on this stack.
        handler.GoOn();
        await flooding.WithDeadline();
        await Task.WhenAll(stopping, connection.Closed, handler.Ended).WithDeadline();

        Assert.InRange(handler.Count, Math.Min(Count, maxInboxLength / MaxEntryLength), Count);
    }

    private static byte[] Flood()
    {
        byte[] frame = Wire.Masked(RawFrame.Bytes(0x81, (byte)'a'));
        byte[] flood = new byte[Count * frame.Length];
        for (int i = 0; i < Count; i++)
        {
            frame.CopyTo(flood, i * frame.Length);
        }

        return flood;
    }

    private static async Task FloodAsync(RawPeer peer, byte[] flood)
    {
        await peer.SendAsync(flood);
        await peer.SendMaskedAsync(0x88, 0x03, 0xE8);
        peer.EndOutput();
        await peer.ReadToEndAsync();
    }

    private sealed class FailingHandler : WebSocketHandler
    {
        private readonly TaskCompletionSource<WebSocketConnection> _began =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goesOn = new();

        public bool ClosesItself { get; init; }

        public int Count { get; private set; }

        public Task<WebSocketConnection> Began => _began.Task;

        public Task Ended => _ended.Task;

        public void GoOn() => _goesOn.SetResult();

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            if (Count++ > 0)
            {
                // Fails at once: the connection closes.
                return connection.SendAsync(message);
            }

            if (ClosesItself)
            {
                _ = connection.CloseAsync().AsTask();
            }

            _began.SetResult(connection);
            return new ValueTask(_goesOn.Task);
        }

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => _ended.SetResult();
    }
}
