using System.Net;

namespace Sockeye.Tests;

/// <summary>Servers that many tests need.</summary>
internal static class Servers
{
    /// <summary>Any free port of the IPv4 loopback.</summary>
    public static IPEndPoint Loopback => new(IPAddress.Loopback, 0);

    public static WebSocketServerOptions Options => new() { EndPoint = Loopback };

    /// <summary>Sends back what it gets.</summary>
    public static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellationToken))
        {
            await connection.SendAsync(message, cancellationToken);
        }
    }

    public static Task<WebSocketServer> StartEchoAsync(WebSocketServerOptions? options = null) =>
        WebSocketServer.StartAsync(options ?? Options, EchoAsync);

    public static Uri Address(this WebSocketServer server, string path = "/", string scheme = "ws") =>
        new($"{scheme}://{server.LocalEndPoint}{path}");
}

/// <summary>Sends back in place what it gets.</summary>
internal sealed class EchoHandler : WebSocketHandler
{
    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        connection.Send(payload, kind);
}
