using System.Text;

namespace Sockeye.Tests;

/// <summary>The calls that users write first: each compiles as written, and works.</summary>
public sealed class FirstCallsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // One line for each form; the arguments are as short as people write them.
    private static readonly List<Func<Task<WebSocketServer>>> Starts =
    [
        () => WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await foreach (var message in connection.ReadAllAsync(cancellation))
            {
                await connection.SendAsync(message, cancellation);
            }
        }),
        () => WebSocketServer.StartAsync(0, (connection, cancellation) => Servers.EchoAsync(connection, cancellation)),
        () => WebSocketServer.StartAsync(0, async (connection, _) => await Servers.EchoAsync(connection, default)),
        () => WebSocketServer.StartAsync(0, Servers.EchoAsync),
        () => WebSocketServer.StartAsync(0, Servers.EchoAsync, Token),
        () => WebSocketServer.StartAsync(0, new EchoHandler()),
        () => WebSocketServer.StartAsync(0, new EchoHandler(), Token),
        () => WebSocketServer.StartAsync(0, WebSocketHandler.FromDelegate(Servers.EchoAsync)),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, async (connection, cancellation) =>
            await Servers.EchoAsync(connection, cancellation)),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, Servers.EchoAsync),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, Servers.EchoAsync, Token),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, new EchoHandler()),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, new EchoHandler(), Token),
        () => WebSocketServer.StartAsync(new(), new EchoHandler()),
        () => WebSocketServer.StartAsync(options: new() { Backlog = 10 }, handler: new EchoHandler()),
        () => WebSocketServer.StartAsync(port: 0, serve: Servers.EchoAsync, cancellationToken: Token),
        () => WebSocketServer.StartAsync(0, async (server, connection, cancellation) => await Servers.EchoAsync(connection, cancellation)),
        () => WebSocketServer.StartAsync(0, new WebSocketRoutes().Map("*", new EchoHandler())),
        () => WebSocketServer.StartAsync(0, new WebSocketRoutes().Map("*", new EchoHandler()), Token),
        () => WebSocketServer.StartAsync(
            new() { Backlog = 10 }, async (server, connection, cancellation) => await Servers.EchoAsync(connection, cancellation)),
        () => WebSocketServer.StartAsync(
            new() { Backlog = 10 }, async (server, connection, cancellation) => await Servers.EchoAsync(connection, cancellation), Token),
        () => WebSocketServer.StartAsync(new() { Backlog = 10 }, new WebSocketRoutes().Map("/", Servers.EchoAsync)),
        () => WebSocketServer.StartAsync(new(), new WebSocketRoutes().Map("/", Servers.EchoAsync), Token),
    ];

    private static readonly List<Func<WebSocketServer>> Creations =
    [
        () => new(new(), Servers.EchoAsync),
        () => new(new() { Backlog = 10 }, async (connection, cancellation) => await Servers.EchoAsync(connection, cancellation)),
        () => new(new() { Backlog = 10 }, async (server, connection, cancellation) => await Servers.EchoAsync(connection, cancellation)),
        () => new(new() { Backlog = 10 }, new EchoHandler()),
        () => new(new() { Backlog = 10 }, handler: new EchoHandler()),
        () => new(new() { Backlog = 10 }, new WebSocketRoutes().Map("/", Servers.EchoAsync)),
        () => new(new() { Backlog = 10 }, new WebSocketRoutes().Map("/", new EchoHandler(), new() { Compression = PerMessageDeflateOptions.Disabled })),
        () => new(new() { OnUpgrade = (request, _) => WebSocketUpgradeDecision.Accept() }, new EchoHandler()),
        () => new(new() { OnUpgrade = (request, _) => WebSocketUpgradeDecision.Accept(new EchoHandler()) }, new CallbackHandler()),
        () => new(
            new()
            {
                OnUpgrade = (request, _) => request.Path == "/" ? WebSocketUpgradeDecision.Accept() : WebSocketUpgradeDecision.Reject(404),
            },
            new EchoHandler()),
        () => new(
            new()
            {
                OnUpgrade = async (request, cancellation) =>
                {
                    await Task.Yield();
                    return request.Path == "/" ? WebSocketUpgradeDecision.Accept() : WebSocketUpgradeDecision.Reject(404);
                },
            },
            new EchoHandler()),
        () => new(new() { OnPlainRequest = (request, _) => new WebSocketPlainResponse { Body = "ok" } }, new EchoHandler()),
        () => new(
            new() { OnPlainRequest = (request, _) => request.Path == "/ok" ? new WebSocketPlainResponse() : null }, new EchoHandler()),
    ];

    private static readonly List<Func<string, Task<WebSocketConnection>>> Connects =
    [
        url => WebSocketClient.ConnectAsync(url),
        url => WebSocketClient.ConnectAsync(new Uri(url)),
        url => WebSocketClient.ConnectAsync(url, Token),
        url => WebSocketClient.ConnectAsync(new Uri(url), Token),
        url => WebSocketClient.ConnectAsync(url, default),
        url => WebSocketClient.ConnectAsync(url, null),
        url => WebSocketClient.ConnectAsync(url, cancellationToken: Token),
        url => WebSocketClient.ConnectAsync(new Uri(url), cancellationToken: Token),
        url => WebSocketClient.ConnectAsync(url, new()),
        url => WebSocketClient.ConnectAsync(url, new() { UseProxy = false }),
        url => WebSocketClient.ConnectAsync(new Uri(url), new() { UseProxy = false }),
        url => WebSocketClient.ConnectAsync(url, new() { UseProxy = false }, Token),
        url => WebSocketClient.ConnectAsync(new Uri(url), new() { UseProxy = false }, Token),
        url => WebSocketClient.ConnectAsync(url, new WebSocketClientOptions { UseProxy = false }),
        url => WebSocketClient.ConnectAsync(url, options: new() { UseProxy = false }),
    ];

    private static readonly List<Func<string, WebSocketHandler, Task<WebSocketConnection>>> HandledConnects =
    [
        (url, handler) => WebSocketClient.ConnectAsync(url, handler),
        (url, handler) => WebSocketClient.ConnectAsync(new Uri(url), handler),
        (url, handler) => WebSocketClient.ConnectAsync(url, handler, Token),
        (url, handler) => WebSocketClient.ConnectAsync(new Uri(url), handler, Token),
        (url, handler) => WebSocketClient.ConnectAsync(url, handler, default),
        (url, handler) => WebSocketClient.ConnectAsync(url, handler, new() { UseProxy = false }),
        (url, handler) => WebSocketClient.ConnectAsync(new Uri(url), handler, new() { UseProxy = false }),
        (url, handler) => WebSocketClient.ConnectAsync(url, handler, new() { UseProxy = false }, Token),
        (url, handler) => WebSocketClient.ConnectAsync(url, handler: handler),
    ];

    private static readonly List<Func<string, WebSocketHandler, WebSocketReconnectingClient>> Reconnects =
    [
        (url, handler) => new WebSocketReconnectingClient(url, handler),
        (url, handler) => new WebSocketReconnectingClient(new Uri(url), handler),
        (url, handler) => new WebSocketReconnectingClient(url, new() { MaxQueueLength = 10 }, handler),
        (url, handler) => new WebSocketReconnectingClient(new Uri(url), new() { MaxQueueLength = 10 }, handler),
        (url, handler) => new(url, null, handler),
        (url, handler) => new(url, handler: handler),
    ];

    private static readonly byte[] Bytes = "é"u8.ToArray();

    private static readonly List<Func<WebSocketConnection, ValueTask>> TextSends =
    [
        connection => connection.SendAsync("é"),
        connection => connection.SendAsync("é", Token),
        connection => connection.SendAsync("é", default),
        connection => connection.SendAsync("é", compress: false),
        connection => connection.SendAsync("é", cancellationToken: Token),
        connection => connection.SendTextAsync(Bytes),
        connection => connection.SendTextAsync(Bytes, Token),
        connection => connection.SendTextAsync(Bytes, default),
        connection => connection.SendTextAsync(Bytes, compress: false),
        connection => connection.SendTextAsync(Bytes, compress: false, Token),
        connection => connection.SendTextAsync("é"u8.ToArray()),
        connection => connection.SendAsync(Bytes, WebSocketMessageKind.Text),
        connection => connection.SendAsync(Bytes, WebSocketMessageKind.Text, Token),
        connection => connection.SendAsync(Bytes, kind: WebSocketMessageKind.Text, cancellationToken: Token),
        connection => connection.SendAsync(WebSocketPreparedMessage.Text("é"), Token),
        connection => Done(connection.TrySend("é")),
        connection => Done(connection.TrySend("é", compress: false)),
        connection => Done(connection.TrySendText("é"u8)),
        connection => Done(connection.TrySendText(Bytes)),
        connection => Done(connection.TrySendText(Encoding.UTF8.GetBytes("é"), compress: false)),
        connection => Done(connection.TrySend("é"u8, WebSocketMessageKind.Text)),
        connection => Done(connection.TrySend(WebSocketPreparedMessage.Text("é"))),
    ];

    private static readonly List<Func<WebSocketConnection, ValueTask>> BinarySends =
    [
        connection => connection.SendAsync(Bytes),
        connection => connection.SendAsync(Bytes, Token),
        connection => connection.SendAsync(Bytes, default),
        connection => connection.SendAsync(Bytes, CancellationToken.None),
        connection => connection.SendAsync(Bytes, cancellationToken: Token),
        connection => connection.SendAsync(new byte[] { 0xC3, 0xA9 }),
        connection => connection.SendAsync(new ReadOnlyMemory<byte>(Bytes), Token),
        connection => connection.SendAsync(Bytes.AsMemory(0, 2), Token),
        connection => connection.SendAsync(Bytes, WebSocketMessageKind.Binary),
        connection => connection.SendAsync(Bytes, WebSocketMessageKind.Binary, Token),
        connection => connection.SendAsync(Bytes, WebSocketMessageKind.Binary, compress: false, Token),
        connection => Done(connection.TrySend(Bytes)),
        connection => Done(connection.TrySend("é"u8)),
        connection => Done(connection.TrySend([0xC3, 0xA9])),
        connection => Done(connection.TrySend(Bytes, compress: false)),
        connection => Done(connection.TrySend(Bytes.AsSpan(0, 2))),
    ];

    private static readonly List<Func<WebSocketServer, Func<WebSocketConnection, bool>, int>> Broadcasts =
    [
        (server, where) => server.Broadcast("é"),
        (server, where) => server.Broadcast("é", where),
        (server, where) => server.Broadcast("é", other => where(other)),
        (server, where) => server.Broadcast("é"u8, WebSocketMessageKind.Text),
        (server, where) => server.Broadcast("é"u8, WebSocketMessageKind.Text, other => where(other)),
        (server, where) => server.Broadcast(Bytes),
        (server, where) => server.Broadcast(Bytes, where),
        (server, where) => server.Broadcast(Bytes, other => where(other)),
        (server, where) => server.Broadcast(WebSocketPreparedMessage.Text("é")),
        (server, where) => server.Broadcast(WebSocketPreparedMessage.Text("é"), other => where(other)),
    ];

    private static readonly List<Func<WebSocketServer, Func<WebSocketConnection, bool>, Task<int>>> AsyncBroadcasts =
    [
        (server, where) => server.BroadcastAsync(WebSocketPreparedMessage.Text("é"), Token),
        (server, where) => server.BroadcastAsync(WebSocketPreparedMessage.Text("é"), default),
        (server, where) => server.BroadcastAsync(WebSocketPreparedMessage.Text("é"), where, Token),
        (server, where) => server.BroadcastAsync("é"),
        (server, where) => server.BroadcastAsync("é", default),
        (server, where) => server.BroadcastAsync("é", Token),
        (server, where) => server.BroadcastAsync("é", other => where(other)),
        (server, where) => server.BroadcastAsync("é", where, Token),
        (server, where) => server.BroadcastAsync("é"u8, WebSocketMessageKind.Text),
        (server, where) => server.BroadcastAsync(Bytes, WebSocketMessageKind.Text, Token),
        (server, where) => server.BroadcastAsync(Bytes, WebSocketMessageKind.Text, other => where(other), Token),
    ];

    private static readonly List<Func<WebSocketServer, Task>> Stops =
    [
        server => server.StopAsync(),
        server => server.StopAsync(Token),
        server => server.StopAsync(default),
        server => server.StopAsync(new()),
        server => server.StopAsync(new() { CloseReason = "bye" }),
        server => server.StopAsync(new() { CloseReason = "bye" }, Token),
    ];

    public static TheoryData<int> StartNumbers => [.. Enumerable.Range(0, Starts.Count)];

    [Theory]
    [MemberData(nameof(StartNumbers))]
    public async Task Every_overload_that_starts_a_server_serves(int number)
    {
        await using WebSocketServer server = await Starts[number]();
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(UrlOf(server));

        await client.SendAsync("something");

        Assert.Equal("something", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Fact]
    public async Task Every_constructor_of_a_server_serves_after_its_start()
    {
        foreach (Func<WebSocketServer> create in Creations)
        {
            await using WebSocketServer server = create();
            await server.StartAsync(Token);
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(UrlOf(server));
            await client.SendAsync("something");

            Assert.Equal("something", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        }
    }

    [Fact]
    public async Task Every_overload_that_connects_returns_an_open_connection()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());
        foreach (Func<string, Task<WebSocketConnection>> connect in Connects)
        {
            await using WebSocketConnection client = await connect(UrlOf(server)).WithDeadline();
            await client.SendAsync("something");
            Assert.Equal("something", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        }

        foreach (Func<string, WebSocketHandler, Task<WebSocketConnection>> connect in HandledConnects)
        {
            var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            var handler = new CallbackHandler { Received = (_, payload) => received.TrySetResult(payload) };
            await using WebSocketConnection client = await connect(UrlOf(server), handler).WithDeadline();
            await client.SendAsync("something");
            Assert.Equal("something"u8.ToArray(), await received.Task.WithDeadline());
        }

        foreach (Func<string, WebSocketHandler, WebSocketReconnectingClient> create in Reconnects)
        {
            var received = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            var handler = new CallbackHandler { Received = (_, payload) => received.TrySetResult(payload) };
            await using WebSocketReconnectingClient client = create(UrlOf(server), handler);
            await client.StartAsync(Token).WithDeadline();
            await client.SendAsync(Bytes, Token);
            Assert.Equal(Bytes, await received.Task.WithDeadline());
        }
    }

    [Fact]
    public async Task Every_text_overload_sends_text_and_bytes_default_to_binary()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(UrlOf(server), Token);
        foreach ((WebSocketMessageKind kind, List<Func<WebSocketConnection, ValueTask>> sends) in new[]
        {
            (WebSocketMessageKind.Text, TextSends), (WebSocketMessageKind.Binary, BinarySends),
        })
        {
            foreach (Func<WebSocketConnection, ValueTask> send in sends)
            {
                await send(client);
                WebSocketMessage reply = await client.ReceiveMessageAsync(Token).WithDeadline();
                Assert.Equal(kind, reply.Kind);
                Assert.Equal(Bytes, reply.Payload.ToArray());
            }
        }
    }

    [Fact]
    public async Task Every_send_overload_of_a_reconnecting_client_sends_its_kind()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());
        await using var client = new WebSocketReconnectingClient(UrlOf(server));
        await client.StartAsync(Token).WithDeadline();
        await client.SendAsync("é");
        await client.SendAsync("é", Token);
        await client.SendTextAsync(Bytes);
        await client.SendTextAsync(Bytes, Token);
        await client.SendAsync(Bytes, WebSocketMessageKind.Text, Token);
        await client.SendAsync(Bytes);
        await client.SendAsync(Bytes, Token);
        await client.SendAsync(Bytes, default);
        await client.SendAsync(Bytes, WebSocketMessageKind.Binary);

        List<WebSocketMessageKind> kinds = [];
        await foreach (WebSocketMessage message in client.ReadAllAsync(Token))
        {
            Assert.Equal(Bytes, message.Payload.ToArray());
            kinds.Add(message.Kind);
            if (kinds.Count == 9)
            {
                break;
            }
        }

        Assert.All(kinds[..5], kind => Assert.Equal(WebSocketMessageKind.Text, kind));
        Assert.All(kinds[5..], kind => Assert.Equal(WebSocketMessageKind.Binary, kind));
    }

    [Fact]
    public async Task Every_broadcast_overload_reaches_all_connections()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(UrlOf(server));
        await client.SendAsync("echoed, so that the server knows the connection");
        await client.ReceiveMessageAsync().WithDeadline();

        Assert.All(Broadcasts, broadcast => Assert.Equal(1, broadcast(server, _ => true)));
        foreach (Func<WebSocketServer, Func<WebSocketConnection, bool>, Task<int>> broadcast in AsyncBroadcasts)
        {
            Assert.Equal(1, await broadcast(server, _ => true));
        }

        for (int i = 0; i < Broadcasts.Count + AsyncBroadcasts.Count; i++)
        {
            WebSocketMessage message = await client.ReceiveMessageAsync().WithDeadline();
            Assert.Equal(i is >= 5 and < 8 ? WebSocketMessageKind.Binary : WebSocketMessageKind.Text, message.Kind);
            Assert.Equal("é", message.GetText());
        }
    }

    [Fact]
    public async Task Every_stop_overload_stops_the_server()
    {
        foreach (Func<WebSocketServer, Task> stop in Stops)
        {
            await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());

            await stop(server).WithDeadline();

            Assert.True(server.Completion.IsCompleted);
        }
    }

    // Longer than what is encoded on the stack, too, and with every length of a character in UTF-8.
    [Theory]
    [InlineData(1)]
    [InlineData(85)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task Text_sent_with_TrySend_arrives_unchanged(int count)
    {
        string text = string.Concat(Enumerable.Repeat("aé€😀", count));
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, new EchoHandler());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(UrlOf(server));

        Assert.NotEqual(WebSocketSendResult.Refused, client.TrySend(text));

        Assert.Equal(text, (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    private static ValueTask Done(WebSocketSendResult result)
    {
        Assert.NotEqual(WebSocketSendResult.Refused, result);
        return ValueTask.CompletedTask;
    }

    private static string UrlOf(WebSocketServer server) => $"ws://localhost:{server.Port}/";
}
