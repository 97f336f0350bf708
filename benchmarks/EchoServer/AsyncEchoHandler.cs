namespace Sockeye.Benchmarks;

internal sealed class AsyncEchoHandler : WebSocketHandler
{
    public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
        connection.SendAsync(message);
}
