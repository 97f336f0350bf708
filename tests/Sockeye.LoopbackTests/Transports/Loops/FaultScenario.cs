namespace Sockeye.Tests;

/// <summary>
/// A server on two loops with a bystander on each, and clients that do all that clients do, while one system call fails.
/// </summary>
internal sealed class FaultScenario(SystemCallKind kind, int number, int errno)
{
    private const int Loops = 2;

    private static readonly byte[] Large = Payloads.Bytes(1024 * 1024);

    private readonly FaultySystemCalls _calls = new(kind, number, errno);
    private readonly CountingPool _pool = new();
    private WebSocketServer? _server;

    private WebSocketServer Server => _server!;

    /// <summary>Runs the scenario, and checks that the failure affected only its own connection.</summary>
    /// <returns>Whether the failure happened: not if there are fewer calls of the kind.</returns>
    public async Task<bool> RunAsync()
    {
        int descriptors = Descriptors.Count();
        _server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with { Count = Loops, Calls = _calls },
                Pool = _pool,
            },
            request => request.Path == "/pull" ? WebSocketHandler.FromDelegate(EchoAllAsync) : new EchoHandler());
        using var over = new CancellationTokenSource();
        WebSocketConnection[] bystanders =
            [await ConnectAsync("/pull").WithDeadline(), await ConnectAsync("/place").WithDeadline()];
        Task[] standing = [.. bystanders.Select(bystander => EchoUntilAsync(bystander, over.Token))];

        _calls.Arm();
        foreach (string path in new[] { "/pull", "/place" })
        {
            await LiveAsync(path);
        }

        _calls.Disarm();
        await over.CancelAsync();
        await Task.WhenAll(standing).WithDeadline();
        await UseAsync(await ConnectAsync("/pull").WithDeadline()).WithDeadline();
        await Deadlines.UntilAsync(() => Server.GetConnections().Count == bystanders.Length, "the server has forgotten all");
        foreach (WebSocketConnection bystander in bystanders)
        {
            Assert.True((await bystander.CloseAsync().WithDeadline()).WasClean, "a bystander was harmed");
        }

        await Server.StopAsync().WithDeadline();
        await Deadlines.UntilAsync(() => _pool.OutCount == 0, "all buffers are back");
        Assert.False(_pool.HasFault, "a buffer came back twice");
        await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "all descriptors are closed");
        return _calls.HasFailed;
    }

    // What was received before the end can be asked for behind it, and keeps its buffer until then.
    private static async Task EchoAllAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await Servers.EchoAsync(connection, cancellationToken);
        }
        finally
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync(CancellationToken.None))
            {
                Assert.NotEqual(WebSocketConnectionState.Open, connection.State);
            }
        }
    }

    // A client that may be hit: then everything it waits for fails, and nothing waits for ever.
    private async Task LiveAsync(string path)
    {
        WebSocketConnection? client = null;
        try
        {
            client = await ConnectAsync(path).WithDeadline();
            await UseAsync(client).WithDeadline();
        }
        catch (SockeyeException) when (_calls.HasFailed)
        {
            // It was hit.
        }

        if (client is not null)
        {
            await client.Closed.WithDeadline();
        }
    }

    private static async Task UseAsync(WebSocketConnection client)
    {
        await EchoAsync(client, "small"u8.ToArray());
        await EchoAsync(client, Large);

        await using (WebSocketMessageWriter writer = client.BeginMessage(WebSocketMessageKind.Binary))
        {
            await writer.WriteAsync("in "u8.ToArray());
            await writer.WriteAsync("three "u8.ToArray());
            await writer.CompleteAsync("pieces"u8.ToArray());
        }

        Assert.Equal("in three pieces"u8.ToArray(), (await client.ReceiveMessageAsync()).Payload.ToArray());
        await client.PingAsync();

        // Many at once, so that some are written together with others.
        for (int i = 0; i < 20; i++)
        {
            client.TrySend(Large.AsSpan(0, 1000 * i), WebSocketMessageKind.Binary);
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(1000 * i, (await client.ReceiveMessageAsync()).Payload.Length);
        }

        await client.CloseAsync();
    }

    private static async Task EchoAsync(WebSocketConnection client, byte[] payload)
    {
        await client.SendAsync(payload);
        WebSocketMessage reply = await client.ReceiveMessageAsync();
        Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span), "the reply is another");
    }

    private static async Task EchoUntilAsync(WebSocketConnection bystander, CancellationToken over)
    {
        byte[] payload = Payloads.Bytes(2000);
        do
        {
            await EchoAsync(bystander, payload).WithDeadline();
        }
        while (!over.IsCancellationRequested);
    }

    private Task<WebSocketConnection> ConnectAsync(string path) =>
        WebSocketClient.ConnectAsync(Server.Address(path), new WebSocketClientOptions());
}
