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

    private static Task<WebSocketServer> StartAsync() => WebSocketServer.StartAsync(
        new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
}
