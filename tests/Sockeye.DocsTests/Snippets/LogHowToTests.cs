using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

public sealed class LogHowToTests
{
    [Fact]
    public async Task Server_and_client_log_to_a_console()
    {
        // snippet: own logger
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder
            .AddSimpleConsole()
            .SetMinimumLevel(LogLevel.Debug)
            .AddFilter("Sockeye.Client", LogLevel.Warning));
        var options = new WebSocketServerOptions { LoggerFactory = loggers };
        var clientOptions = new WebSocketClientOptions { LoggerFactory = loggers };
        // end snippet

        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await using var client = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/", clientOptions);
        await client.SendAsync("something");
        Assert.Equal("something", (await client.ReceiveAsync()).Text);
    }
}
