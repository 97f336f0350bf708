using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Sockeye.Tests;

/// <summary>Kestrel's own limit of upgraded connections, where requests stay open.</summary>
public sealed class ServerLimitTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_beyond_the_limit_of_the_server_is_rejected_with_503(bool isEndpoint)
    {
        await using TestApp app = await PathApp.StartAsync(
            ServerPath.Pipes,
            app =>
            {
                if (isEndpoint)
                {
                    app.MapWebSocket("/", new Silent());
                }
                else
                {
                    app.MapGet("/", AcceptAsync);
                }
            },
            build: static builder => builder.WebHost.ConfigureKestrel(
                static kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = 1));
        await using WebSocketConnection first = await PathApp.ConnectAsync(ServerPath.Pipes, app);

        WebSocketHandshakeException exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => PathApp.ConnectAsync(ServerPath.Pipes, app));

        Assert.Equal(503, exception.StatusCode);
        Assert.Equal(WebSocketConnectionState.Open, first.State);
    }

    private static async Task AcceptAsync(HttpContext context)
    {
        if (await context.AcceptSockeyeAsync() is { } connection)
        {
            await connection.Closed;
        }
    }

    private sealed class Silent : WebSocketHandler;
}
