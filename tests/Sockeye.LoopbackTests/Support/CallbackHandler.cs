namespace Sockeye.Tests;

/// <summary>A handler that calls callbacks of the test.</summary>
internal sealed class CallbackHandler : WebSocketHandler
{
    /// <summary>Done when a connection is open.</summary>
    public Action<WebSocketConnection> Opened { get; set; } = static _ => { };

    /// <summary>Done with each message.</summary>
    public Action<WebSocketConnection, byte[]> Received { get; set; } = static (_, _) => { };

    /// <summary>Done at each ping.</summary>
    public Action<WebSocketConnection> Pinged { get; set; } = static _ => { };

    /// <summary>Done when a connection has ended.</summary>
    public Action<WebSocketConnection> Closed { get; set; } = static _ => { };

    public override void OnOpened(WebSocketConnection connection) => Opened(connection);

    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        Received(connection, payload.ToArray());

    public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) => Pinged(connection);

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => Closed(connection);
}
