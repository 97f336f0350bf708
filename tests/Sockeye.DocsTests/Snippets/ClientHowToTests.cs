using System.Net;

namespace Sockeye.Tests;

public sealed class ClientHowToTests
{
    [Fact]
    public async Task Client_with_options_is_answered()
    {
        var serverOptions = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Subprotocols = ["chat.v2"],
        };
        await using var server = await WebSocketServer.StartAsync(serverOptions, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: client with options
        var options = new WebSocketClientOptions
        {
            Subprotocols = ["chat.v2", "chat.v1"],
            HandshakeTimeout = TimeSpan.FromSeconds(5),
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        Console.WriteLine($"Connected to {connection.RemoteEndPoint}, speaking {connection.Subprotocol}");
        // end snippet

        Assert.Equal("chat.v2", connection.Subprotocol);
    }

    [Fact]
    public async Task Client_reads_until_the_end()
    {
        await using var server = await WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await connection.SendAsync("one", cancellation);
            await connection.SendAsync(new byte[] { 2, 2 }, cancellationToken: cancellation);
        });
        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        List<string> lines = [];

        // snippet: read all
        await foreach (var message in connection.ReadAllAsync())
        {
            // The payload is on loan until the next turn of the loop: copy what is to be kept.
            lines.Add(message.Kind == WebSocketMessageKind.Text
                ? message.Text
                : $"{message.Payload.Length} bytes");
        }
        // end snippet

        Assert.Equal(["one", "2 bytes"], lines);
    }

    [Fact]
    public async Task Client_tells_why_it_could_not_connect()
    {
        await using var server = await WebSocketServer.StartAsync(0, (_, _) => Task.CompletedTask);
        var address = new Uri($"ws://localhost:{server.Port}/");
        HandshakeError seen = HandshakeError.None;

        // snippet: failed handshake
        var options = new WebSocketClientOptions { Subprotocols = ["chat.v9"] };
        try
        {
            await using var connection = await WebSocketClient.ConnectAsync(address, options);
        }
        catch (WebSocketHandshakeException exception)
        {
            seen = exception.Error;
            Console.WriteLine($"{exception.Error}, HTTP status {exception.StatusCode}");
        }
        // end snippet

        Assert.Equal(HandshakeError.MissingSubprotocol, seen);
    }
}
