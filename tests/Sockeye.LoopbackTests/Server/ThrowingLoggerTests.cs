namespace Sockeye.Tests;

/// <summary>A logger that throws ends neither a connection nor the server nor the process.</summary>
public sealed class ThrowingLoggerTests
{
    private readonly ThrowingLoggerFactory _loggers = new();

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_throwing_logger_does_not_prevent_serving_closing_or_stopping(ServerKind kind)
    {
        WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                LoggerFactory = _loggers,
            });
        WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(), new WebSocketClientOptions { LoggerFactory = _loggers }).WithDeadline();

        await client.SendAsync("something");
        string reply = (await client.ReceiveMessageAsync().WithDeadline()).GetText();
        WebSocketCloseResult result = await client.CloseAsync().WithDeadline();
        await server.StopAsync().WithDeadline();

        Assert.Equal("something", reply);
        Assert.True(result.WasClean);
        Assert.Empty(server.GetConnections());
        Assert.True(_loggers.Thrown > 0);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_throwing_logger_does_not_prevent_a_deadline(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            LoggerFactory = _loggers,
            TimeProvider = time,
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync("GET / HT");
        await Deadlines.UntilAsync(() => time.TimerCount > 0, "the handshake has begun");
        Task<string> response = client.ReadToEndAsync();

        // The refusal is logged on the timer's thread, which here is this one.
        await Deadlines.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return response.IsCompleted;
            },
            "the client is answered");

        Assert.StartsWith("HTTP/1.1 408 ", await response, StringComparison.Ordinal);
    }
}
