namespace Sockeye.Tests;

// snippet: asynchronous handler
internal sealed class CountingHandler : WebSocketHandler
{
    // What belongs to one connection lives in its UserState: the handler is shared by all of them.
    public override void OnOpened(WebSocketConnection connection) => connection.UserState = 0;

    public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        int count = (int)connection.UserState! + 1;
        connection.UserState = count;
        await connection.SendAsync($"{count}: {message.GetText()}");
    }

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
        Console.WriteLine($"{connection.RemoteEndPoint} sent {connection.UserState} messages, closed with {result.Code}");
}
// end snippet
