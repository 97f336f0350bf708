using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

public sealed class SignalRHowToTests
{
    [Fact]
    public async Task A_hub_runs_on_Sockeye()
    {
        WebApplicationBuilder builder = NewBuilder();

        // snippet: signalr
        builder.Services.AddSignalR();
        var app = builder.Build();

        app.UseSockeyeWebSockets();
        app.MapHub<ChatHub>("/chat");
        // end snippet

        await app.StartAsync();
        await using (HubConnection client = new HubConnectionBuilder().WithUrl(app.Urls.Single() + "/chat").Build())
        {
            await client.StartAsync();
            Assert.Equal("hello", await client.InvokeAsync<string>("Echo", "hello"));
        }

        await app.DisposeAsync();
    }

    [Fact]
    public async Task The_options_are_those_of_ASPNET_Core()
    {
        await using WebApplication app = NewBuilder().Build();

        // snippet: drop-in options
        app.UseSockeyeWebSockets(new WebSocketOptions
        {
            KeepAliveInterval = TimeSpan.FromSeconds(20),
            KeepAliveTimeout = TimeSpan.FromSeconds(20),
            AllowedOrigins = { "https://example.com" },
        });
        app.Map("/feed", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
            {
                SubProtocol = "feed.v1",
                DangerousEnableCompression = true,
                ServerMaxWindowBits = 12,
            });
            await SendFeedAsync(socket, context.RequestAborted);
        });
        // end snippet

        await app.StartAsync();
        Uri address = new UriBuilder(app.Urls.Single()) { Scheme = "ws", Path = "/feed" }.Uri;
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            address, new WebSocketClientOptions { Subprotocols = ["feed.v1"], Origin = "https://example.com" });
        Assert.Equal("feed.v1", client.Subprotocol);
        Assert.Equal("news", (await client.ReceiveMessageAsync()).GetText());
        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(address, new WebSocketClientOptions { Origin = "https://evil.example" }));
        Assert.Equal(403, refused.StatusCode);
    }

    private static WebApplicationBuilder NewBuilder()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder;
    }

    private static async Task SendFeedAsync(WebSocket socket, CancellationToken cancellation)
    {
        await socket.SendAsync("news"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellation);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
    }

#pragma warning disable CA1822 // SignalR calls instance methods only.
    internal sealed class ChatHub : Hub
    {
        public string Echo(string text) => text;
    }
}
