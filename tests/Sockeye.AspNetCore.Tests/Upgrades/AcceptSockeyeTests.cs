using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>Connections that a request delegate accepts.</summary>
public sealed class AcceptSockeyeTests
{
    [Fact]
    public async Task A_request_delegate_accepts_a_connection_and_echoes()
    {
        await using TestApp app = await TestApp.StartAsync(
            static app => app.MapGet("/", EchoAsync),
            static builder => builder.Services.AddSockeye());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(app.At("/"));

        await client.SendAsync("hello");
        Assert.Equal("hello", (await client.ReceiveAsync())?.GetText());
        await client.CloseAsync();

        Assert.True((await client.Closed.WithDeadline()).WasClean);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        if (await context.AcceptSockeyeAsync() is { } connection)
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync())
            {
                await connection.SendAsync(message);
            }
        }
    }
}
