using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>A client and a server of Sockeye, both as <see cref="WebSocket"/>s of the platform.</summary>
internal sealed class AdaptedPair : IAsyncDisposable
{
    private readonly WebSocketServer _server;
    private readonly WebSocketConnection[] _connections;

    private AdaptedPair(WebSocketServer server, WebSocketConnection clientConnection, WebSocketConnection serverConnection)
    {
        _server = server;
        _connections = [clientConnection, serverConnection];
        Client = clientConnection.AsWebSocket();
        Server = serverConnection.AsWebSocket();
    }

    public WebSocket Client { get; }

    public WebSocket Server { get; }

    /// <summary>How both connections ended: the client's first.</summary>
    public async Task<WebSocketCloseResult[]> ClosedAsync() =>
        await Task.WhenAll(_connections.Select(connection => connection.Closed)).WaitAsync(Deadline.Length);

    /// <param name="isPortable">Whether the server uses no event loops.</param>
    /// <param name="deliverFragments">Whether messages are received as they arrive.</param>
    public static async Task<AdaptedPair> ConnectAsync(bool isPortable, bool deliverFragments)
    {
        Channel<WebSocketConnection> accepted = Channel.CreateUnbounded<WebSocketConnection>();
        WebSocketConnectionOptions connection = new() { DeliverFragments = deliverFragments };
        WebSocketServerOptions options = new()
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            EventLoop = isPortable ? EventLoopOptions.Disabled : EventLoopOptions.Default,
            Connection = connection,
        };
        WebSocketServer server = new(options, new WebSocketRoutes().Map("*", async (connection, _) =>
        {
            accepted.Writer.TryWrite(connection);
            await connection.Closed;
        }));
        await server.StartAsync(Deadline.Token());
        WebSocketConnection client = await WebSocketClient.ConnectAsync(
            new Uri($"ws://{server.LocalEndPoint}/"), new WebSocketClientOptions { Connection = connection }, Deadline.Token());
        return new AdaptedPair(server, client, await accepted.Reader.ReadAsync(Deadline.Token()));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Server.Dispose();
        await _server.DisposeAsync();
    }
}
