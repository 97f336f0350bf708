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
    public async Task Codes_of_the_application_are_numbers()
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
    public async Task Receiving_after_the_end_tells_how_it_ended()
    {
        await using var server = await StartAsync();
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await connection.CloseAsync();
        WebSocketCloseResult? seen = null;

        // snippet: closed exception
        try
        {
            WebSocketMessage message = await connection.ReceiveAsync();
        }
        catch (WebSocketClosedException exception)
        {
            seen = exception.Result;
            Console.WriteLine($"{seen.Code} {seen.Reason}, begun by the {seen.Initiator} end");
        }
        // end snippet

        Assert.Equal(WebSocketCloseCode.NormalClosure, seen?.Code);
    }

    [Fact]
    public void Delays_before_the_peers_close_frame_is_answered_can_be_raised()
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
    public async Task A_close_frame_without_a_code_is_1005_to_the_peer()
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
