namespace Sockeye.Tests;

/// <summary>
/// An end that closes still receives what the peer sent before its own Close frame, however much that is, as long as the
/// application takes it.
/// </summary>
public sealed class ReceivingWhileClosingTests
{
    private const int MessageLength = 1000;

    [Theory]
    [EachTransport]
    public async Task Both_ends_close_with_much_on_its_way_and_receive_it_all(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        Task<int> byServer = CountAsync(pair.Server);
        Task<int> byClient = CountAsync(pair.Client);

        int[] sent = await Task.WhenAll(SendAndCloseAsync(pair.Server), SendAndCloseAsync(pair.Client)).WithDeadline();
        int[] received = await Task.WhenAll(byClient, byServer).WithDeadline();

        Assert.Equal(sent, received);
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();
        Assert.True(server.WasClean && client.WasClean);
    }

    [Theory]
    [EachServer]
    public async Task A_method_that_closes_and_goes_on_receiving_gets_all_that_the_peer_sent_before_it_knew(ServerKind kind)
    {
        var received = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) =>
            {
                int count = 0;
                await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
                {
                    if (++count == 10)
                    {
                        _ = connection.CloseAsync(WebSocketCloseCode.GoingAway, cancellationToken: CancellationToken.None);
                    }

                    await YieldNowAndThenAsync(count);
                }

                received.SetResult(count);
            });
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        int accepted = await SendUntilClosedAsync(client, whenSent: null);

        Assert.Equal(accepted, await received.Task.WithDeadline());
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
    }

    [Theory]
    [EachServer]
    public async Task A_server_that_stops_gives_a_handler_that_is_a_little_slow_all_that_was_sent(ServerKind kind)
    {
        var handler = new SlowHandler();
        WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(kind), handler);
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        Task stopping = Task.CompletedTask;

        int accepted = await SendUntilClosedAsync(client, sent =>
        {
            if (sent == 500)
            {
                stopping = server.StopAsync();
            }
        });

        await stopping.WithDeadline();
        Assert.Equal(accepted, await handler.Ended.WithDeadline());
    }

    private static Task<WebSocketConnection> ConnectAsync(WebSocketServer server, ServerKind kind) => WebSocketClient.ConnectAsync(
        server.Address(scheme: kind.Scheme()),
        new WebSocketClientOptions { Tls = kind.ClientTls() }).WithDeadline();

    // Slower than the peer sends, so that more waits than an inbox holds.
    private static async ValueTask YieldNowAndThenAsync(int count)
    {
        if (count % 50 == 0)
        {
            await Task.Delay(1);
        }
    }

    private static async Task<int> SendUntilClosedAsync(WebSocketConnection connection, Action<int>? whenSent)
    {
        byte[] message = new byte[MessageLength];
        int accepted = 0;
        try
        {
            while (true)
            {
                await connection.SendAsync(message).AsTask().WithDeadline();
                accepted++;
                whenSent?.Invoke(accepted);
            }
        }
        catch (WebSocketClosedException)
        {
            return accepted;
        }
    }

    private static async Task<int> SendAndCloseAsync(WebSocketConnection connection)
    {
        const int Many = 200;
        byte[] message = new byte[20 * MessageLength];
        int accepted = 0;
        try
        {
            while (accepted < Many)
            {
                await connection.SendAsync(message);
                accepted++;
            }
        }
        catch (WebSocketClosedException)
        {
            // The other end was faster, and closes.
        }

        await connection.CloseAsync();
        return accepted;
    }

    private static async Task<int> CountAsync(WebSocketConnection connection)
    {
        int count = 0;
        await foreach (WebSocketMessage message in connection.ReadAllAsync())
        {
            count++;
        }

        return count;
    }

    private sealed class SlowHandler : WebSocketHandler
    {
        private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task<int> Ended => _ended.Task;

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            YieldNowAndThenAsync(++_count);

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => _ended.SetResult(_count);
    }
}
