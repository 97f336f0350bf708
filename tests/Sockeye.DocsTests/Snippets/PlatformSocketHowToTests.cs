using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace Sockeye.Tests;

public sealed class PlatformSocketHowToTests
{
    [Fact]
    public async Task A_library_for_the_platforms_class_runs_over_a_connection_of_either_end()
    {
        // snippet: server
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) =>
            {
                using WebSocket socket = connection.AsWebSocket();
                await RunLibraryAsync(socket, cancellation);
            });
        // end snippet

        var address = new Uri($"ws://{server.LocalEndPoint}/");
        var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

        // snippet: client
        WebSocketConnection connection = await WebSocketClient.ConnectAsync(address, cancellation);
        using WebSocket socket = connection.AsWebSocket();

        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, cancellation);
        var buffer = new byte[1024];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, cancellation);
        string text = Encoding.UTF8.GetString(buffer, 0, received.Count);

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", cancellation);
        // end snippet

        Assert.Equal("hello", text);
        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal("done", (await connection.Closed).Reason);
    }

    // An echo that is written for the platform's class.
    private static async Task RunLibraryAsync(WebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[4];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, cancellation);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellation);
        }
    }
}
