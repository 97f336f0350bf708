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
        Assert.Equal("something", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task The_application_chooses_json_and_a_single_event()
    {
        // snippet: JSON
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddJsonConsole());
        // end snippet

        // snippet: use without an event
        var options = new WebSocketServerOptions { LoggerFactory = new SkippingLoggerFactory(loggers, 101, 105) };
        // end snippet

        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await using var client = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        await client.SendAsync("something");
        Assert.Equal("something", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public void A_filtered_event_is_not_logged_and_others_are()
    {
        var seen = new List<int>();
        using var factory = new SkippingLoggerFactory(new ListFactory(seen), 101);
        ILogger logger = factory.CreateLogger("Sockeye.Server");

        logger.Log(LogLevel.Warning, new EventId(101), "left out", exception: null, static (text, _) => text);
        logger.Log(LogLevel.Warning, new EventId(302), "kept", exception: null, static (text, _) => text);

        Assert.Equal([302], seen);
    }

    private sealed class ListFactory(List<int> seen) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            seen.Add(eventId.Id);
    }
}
