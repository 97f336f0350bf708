using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>The page about migrating from AcceptWebSocketAsync: what it shows before and after does the same.</summary>
public sealed class MigrationHowToTests
{
    [Fact]
    public async Task Loop_over_a_platform_socket_becomes_an_endpoint()
    {
        await AssertSameAsync(
            static app =>
            {
                // snippet: before, a loop
                app.UseWebSockets();
                app.Map("/rooms/{room}", async (HttpContext context, string room) =>
                {
                    if (!context.WebSockets.IsWebSocketRequest)
                    {
                        context.Response.StatusCode = 400;
                        return;
                    }

                    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                    var buffer = new byte[4096];
                    using var text = new MemoryStream();
                    while (true)
                    {
                        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, context.RequestAborted);
                        if (received.MessageType == WebSocketMessageType.Close)
                        {
                            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                            return;
                        }

                        text.Write(buffer, 0, received.Count);
                        if (received.EndOfMessage)
                        {
                            await socket.SendAsync(
                                text.ToArray(), received.MessageType, endOfMessage: true, context.RequestAborted);
                            text.SetLength(0);
                        }
                    }
                });
                // end snippet
            },
            static app =>
            {
                // snippet: after, a loop
                app.MapWebSocket("/rooms/{room}", async (
                    string room, WebSocketConnection connection, CancellationToken cancellation) =>
                {
                    await foreach (var message in connection.ReadAllAsync(cancellation))
                    {
                        await connection.SendAsync(message, cancellation);
                    }
                });
                // end snippet
            });
    }

    [Fact]
    public async Task Code_that_takes_a_platform_socket_keeps_it()
    {
        await AssertSameAsync(
            static app =>
            {
                // snippet: before, a library
                app.UseWebSockets();
                app.Map("/rooms/{room}", async (HttpContext context) =>
                {
                    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                    await RunLibraryAsync(socket, context.RequestAborted);
                });
                // end snippet
            },
            static app =>
            {
                // snippet: after, a library
                app.MapWebSocket("/rooms/{room}", async (connection, cancellation) =>
                {
                    using WebSocket socket = connection.AsWebSocket();
                    await RunLibraryAsync(socket, cancellation);
                });
                // end snippet
            });
    }

    [Fact]
    public async Task Controller_keeps_its_action()
    {
        await AssertSameAsync(
            static app =>
            {
                app.UseWebSockets();
                app.Map("/rooms/{room}", static (HttpContext context) => new BeforeController(context).GetAsync());
            },
            static app => app.Map("/rooms/{room}", static (HttpContext context) => new AfterController(context).GetAsync()));
    }

    private static async Task AssertSameAsync(Action<WebApplication> before, Action<WebApplication> after)
    {
        foreach (Action<WebApplication> map in (Action<WebApplication>[])[before, after])
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSockeye();
            await using WebApplication app = builder.Build();
            map(app);
            await app.StartAsync();
            await using var client = await WebSocketClient.ConnectAsync(
                app.Urls.Single().Replace("http", "ws", StringComparison.Ordinal) + "/rooms/kitchen");

            await client.SendAsync("hello");
            Assert.Equal("hello", (await client.ReceiveMessageAsync()).GetText());
            await client.CloseAsync();
            Assert.Equal(WebSocketCloseCode.NormalClosure, (await client.Closed).Code);
        }
    }

    private static async Task RunLibraryAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, cancellationToken);
        while (received.MessageType != WebSocketMessageType.Close)
        {
            await socket.SendAsync(
                buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
            received = await socket.ReceiveAsync(buffer, cancellationToken);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    private sealed class BeforeController(HttpContext context)
    {
        private HttpContext HttpContext => context;

        // snippet: before, a controller
        public async Task GetAsync()
        {
            using WebSocket socket = await HttpContext.WebSockets.AcceptWebSocketAsync();
            await RunLibraryAsync(socket, HttpContext.RequestAborted);
        }
        // end snippet
    }

    private sealed class AfterController(HttpContext context)
    {
        private HttpContext HttpContext => context;

        // snippet: after, a controller
        public async Task GetAsync()
        {
            if (await HttpContext.AcceptSockeyeAsync() is { } connection)
            {
                await foreach (var message in connection.ReadAllAsync(HttpContext.RequestAborted))
                {
                    await connection.SendAsync(message);
                }
            }
        }
        // end snippet
    }
}
