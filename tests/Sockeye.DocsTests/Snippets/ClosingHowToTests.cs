using System.Net;

namespace Sockeye.Tests;

public sealed class ClosingHowToTests
{
    [Fact]
    public async Task Closing_handshake_has_a_result()
    {
        await using var server = await StartAsync();
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: close
        WebSocketCloseResult result = await connection.CloseAsync(WebSocketCloseCode.NormalClosure, "that was all");
        Console.WriteLine(result.WasClean ? $"closed with {result.Code}" : $"broken: {result.Exception?.Message}");
        // end snippet

        Assert.True(result.WasClean);
        Assert.Equal(WebSocketCloseCode.NormalClosure, result.Code);
        Assert.Equal(WebSocketCloseInitiator.Local, result.Initiator);
    }

    [Fact]
    public async Task Application_close_codes_are_numbers()
    {
        await using var server = await StartAsync();
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: own code
        const WebSocketCloseCode sessionExpired = (WebSocketCloseCode)4001;
        await connection.CloseAsync(sessionExpired, "session expired");
        // end snippet

        Assert.Equal(sessionExpired, (await connection.Closed).Code);
    }

    [Fact]
    public async Task ReceiveAsync_returns_null_after_a_clean_close_and_Closed_has_the_code()
    {
        await using var server = await WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await connection.SendAsync("last", cancellation);
            await connection.CloseAsync((WebSocketCloseCode)4001, "over", cancellation);
        });
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        // snippet: receive until the close
        List<string> lines = [];
        while (await connection.ReceiveAsync() is { } message)
        {
            lines.Add(message.GetText());
        }

        WebSocketCloseResult end = await connection.Closed;
        Console.WriteLine($"{end.Code} {end.Reason}, closed by {end.Initiator}");
        // end snippet

        Assert.Equal(["last"], lines);
        Assert.Equal((4001, "over"), ((int)end.Code, end.Reason));
    }

    [Fact]
    public void The_delay_before_the_close_reply_can_be_raised()
    {
        // snippet: close reply delay
        var options = new WebSocketConnectionOptions
        {
            CloseReplyDelay = TimeSpan.FromSeconds(10),
            CloseTimeout = TimeSpan.FromSeconds(30),
        };
        // end snippet

        Assert.Equal(TimeSpan.FromSeconds(10), options.CloseReplyDelay);
    }

    [Fact]
    public async Task A_close_frame_without_a_code_is_received_as_1005()
    {
        var closed = new TaskCompletionSource<WebSocketCloseCode>();
        await using var server = await WebSocketServer.StartAsync(0, async (connection, _) =>
            closed.SetResult((await connection.Closed).Code));
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");

        await connection.CloseAsync(null);

        Assert.Equal(WebSocketCloseCode.NoStatusReceived, await closed.Task.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static Task<WebSocketServer> StartAsync() => WebSocketServer.StartAsync(
        new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
}
