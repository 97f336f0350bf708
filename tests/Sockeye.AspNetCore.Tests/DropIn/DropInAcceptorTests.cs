using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.AspNetCore;

namespace Sockeye.Tests;

/// <summary>The connections of the drop-in as connections of Sockeye.</summary>
public sealed class DropInAcceptorTests
{
    [Fact]
    public async Task Connections_belong_to_the_acceptor_of_the_application()
    {
        WebSocketAcceptor acceptor = new(new WebSocketAcceptorOptions());
        TaskCompletionSource<HttpContext> accepted = new();
        await using TestApp app = await StartAsync(acceptor, async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("chosen");
            accepted.SetResult(context);
            await ReceiveToEndAsync(socket);
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app, static options => options.AddSubProtocol("chosen"));
        await accepted.Task.WithDeadline();

        WebSocketConnection connection = Assert.Single(acceptor.GetConnections());
        Assert.Equal(1, acceptor.Broadcast("to all"));
        byte[] buffer = new byte[100];
        ValueWebSocketReceiveResult result = await client.ReceiveAsync(buffer.AsMemory(), Patience.Token());

        Assert.Equal("to all"u8, buffer.AsSpan(0, result.Count));
        Assert.Equal("chosen", connection.Subprotocol);
        Assert.Equal("/", connection.Request?.Path);
        Assert.NotNull(connection.User);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint?)connection.RemoteEndPoint)?.Address);
    }

    [Fact]
    public async Task A_stop_of_the_acceptor_closes_them_in_order()
    {
        WebSocketAcceptor acceptor = new(new WebSocketAcceptorOptions());
        TaskCompletionSource<WebSocketCloseStatus?> seen = new();
        await using TestApp app = await StartAsync(acceptor, async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await ReceiveToEndAsync(socket);
            seen.SetResult(socket.CloseStatus);
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);
        await Deadlines.UntilAsync(() => acceptor.ConnectionCount == 1, "a connection");

        Task stopping = acceptor.StopAsync();
        ValueWebSocketReceiveResult result = await client.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token());
        await stopping.WithDeadline();

        Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        await seen.Task.WithDeadline();
        Assert.Equal(0, acceptor.ConnectionCount);
    }

    [Fact]
    public async Task Without_room_the_request_is_rejected_with_503_and_the_place_is_free_again_later()
    {
        WebSocketAcceptor acceptor = new(new WebSocketAcceptorOptions { MaxConnections = 1 });
        await using TestApp app = await StartAsync(acceptor, static async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await ReceiveToEndAsync(socket);
        });

        await using (await DropInApp.OpenAsync(app))
        {
            Assert.StartsWith("HTTP/1.1 503 ", (await DropInApp.AskAsync(app, "GET", DropInApp.Opening))[0], StringComparison.Ordinal);
        }

        await Deadlines.UntilAsync(() => acceptor.ConnectionCount == 0, "the end of the connection");
        Assert.StartsWith("HTTP/1.1 101 ", (await DropInApp.AskAsync(app, "GET", DropInApp.Opening))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_fails_after_the_place_was_taken_leaves_it()
    {
        WebSocketAcceptor acceptor = new(new WebSocketAcceptorOptions { MaxConnections = 2 });
        TaskCompletionSource<int> tried = new();
        await using TestApp app = await StartAsync(acceptor, async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            for (int i = 0; i < 5; i++)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await context.WebSockets.AcceptWebSocketAsync());
            }

            tried.SetResult(acceptor.ConnectionCount);
        });

        await using var first = await DropInApp.OpenAsync(app);

        Assert.Equal(1, await tried.Task.WithDeadline());
    }

    [Fact]
    public async Task The_acceptors_own_rules_for_origins_hosts_and_upgrades_do_not_apply()
    {
        WebSocketAcceptor acceptor = new(new WebSocketAcceptorOptions
        {
            AllowedHosts = ["example.com"],
            Subprotocols = ["other"],
            RequireSubprotocol = true,
            OnUpgrade = static (_, _) => throw new InvalidOperationException("asked"),
        });
        await using TestApp app = await StartAsync(acceptor, static async context => await context.WebSockets.AcceptWebSocketAsync());

        string[] head = await DropInApp.AskAsync(app, "GET", [.. DropInApp.Opening, "Origin: http://other.com"]);

        Assert.StartsWith("HTTP/1.1 101 ", head[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keep_alive_that_differs_with_each_request_is_honored_and_not_kept()
    {
        int number = 0;
        await using TestApp app = await DropInApp.StartAsync(Stack.Sockeye, async context =>
        {
            var accept = new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.FromMilliseconds(100 + Interlocked.Increment(ref number)) };
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(accept);
            await ReceiveToEndAsync(socket);
        });

        for (int i = 0; i < 100; i++)
        {
            await using var client = await DropInApp.OpenAsync(app);
            byte[] pong = new byte[2];
            if (i % 33 == 0)
            {
                await client.ReadExactlyAsync(pong, Patience.Token());
                Assert.Equal("8A00", Convert.ToHexString(pong));
            }
        }
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task HTTP_2_opens_connections_by_extended_CONNECT(Stack stack)
    {
        TaskCompletionSource<(string Protocol, int Status, string? Sub)> seen = new();
        await using TestApp app = await DropInApp.StartAsync(
            stack,
            async context =>
            {
                Assert.Equal(["p1", "p2"], context.WebSockets.WebSocketRequestedProtocols);
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("p2");
                seen.SetResult((context.Request.Protocol, context.Response.StatusCode, socket.SubProtocol));
                byte[] buffer = new byte[100_000];
                ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), Patience.Token());
                await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, Patience.Token());
                await ReceiveToEndAsync(socket);
                await socket.CloseOutputAsync((WebSocketCloseStatus)4001, "bye", Patience.Token());
            },
            options: null,
            static builder => builder.WebHost.ConfigureKestrel(
                static options => options.ConfigureEndpointDefaults(static listen => listen.Protocols = HttpProtocols.Http2)));
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        using var client = new ClientWebSocket();
        client.Options.HttpVersion = HttpVersion.Version20;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        client.Options.AddSubProtocol("p1");
        client.Options.AddSubProtocol("p2");

        await client.ConnectAsync(app.At("/"), invoker, Patience.Token());
        byte[] data = new byte[80_000];
        new Random(5).NextBytes(data);
        await client.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, Patience.Token());
        byte[] received = new byte[data.Length];
        await client.ReceiveAsync(received.AsMemory(), Patience.Token());
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token());

        Assert.Equal(data, received);
        Assert.Equal("p2", client.SubProtocol);
        Assert.Equal(((WebSocketCloseStatus)4001, "bye"), (client.CloseStatus!.Value, client.CloseStatusDescription));
        Assert.Equal(("HTTP/2", 200, "p2"), await seen.Task.WithDeadline());
    }

    private static Task<TestApp> StartAsync(WebSocketAcceptor acceptor, RequestDelegate run) =>
        DropInApp.StartAsync(Stack.Sockeye, run, options: null, builder => builder.Services.AddSingleton(acceptor));

    private static async Task ReceiveToEndAsync(WebSocket socket)
    {
        byte[] buffer = new byte[1024];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (WebSocketException exception) when (exception.WebSocketErrorCode == WebSocketError.ConnectionClosedPrematurely)
        {
            // A client that disconnects.
        }
    }
}
