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
    public async Task Both_ends_close_and_still_receive_everything_in_flight(TransportKind kind)
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
    public async Task A_delegate_that_closes_still_receives_what_the_peer_sent_before_the_close(ServerKind kind)
    {
        var received = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var lag = new Lag();
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

                    await lag.WaitAsync();
                }

                received.SetResult(count);
            });
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        int accepted = await SendUntilClosedAsync(client, lag, whenSent: null);

        Assert.Equal(accepted, await received.Task.WithDeadline());
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
    }

    [Theory]
    [EachServer]
    public async Task A_stopping_server_delivers_everything_to_a_slow_handler(ServerKind kind)
    {
        using var lag = new Lag();
        var handler = new SlowHandler(lag);
        WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(kind), handler);
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        Task stopping = Task.CompletedTask;

        int accepted = await SendUntilClosedAsync(client, lag, sent =>
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

    private static async Task<int> SendUntilClosedAsync(
        WebSocketConnection connection, Lag lag, Action<int>? whenSent)
    {
        byte[] message = new byte[MessageLength];
        int accepted = 0;
        try
        {
            while (true)
            {
                await connection.SendAsync(message).AsTask().WithDeadline();
                accepted++;
                lag.OnSent(accepted);
                whenSent?.Invoke(accepted);
            }
        }
        catch (WebSocketClosedException)
        {
            lag.OnEnded();
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

    /// <summary>
    /// Keeps a receiver behind its sender by more than an inbox holds, and by less than a send buffer does, until the sender
    /// has ended.
    /// </summary>
    private sealed class Lag : IDisposable
    {
        private const int MessageCount = 200;
        private const int AnyNumber = 1_000_000;

        private readonly SemaphoreSlim _permits = new(0);

        public void OnSent(int count)
        {
            if (count > MessageCount)
            {
                _permits.Release();
            }
        }

        public void OnEnded() => _permits.Release(AnyNumber);

        public ValueTask WaitAsync() => new(_permits.WaitAsync());

        public void Dispose() => _permits.Dispose();
    }

    private sealed class SlowHandler(Lag lag) : WebSocketHandler
    {
        private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task<int> Ended => _ended.Task;

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            _count++;
            return lag.WaitAsync();
        }

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => _ended.SetResult(_count);
    }
}
