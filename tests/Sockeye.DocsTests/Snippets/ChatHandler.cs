namespace Sockeye.Tests;

// snippet: json handler
public sealed class ChatHandler : WebSocketHandler
{
    public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        if (message.TryGetJson(ChatJson.Default.ChatLine, out ChatLine? line))
        {
            await connection.SendJsonAsync(line with { Author = "echo" }, ChatJson.Default.ChatLine);
        }
        else
        {
            connection.Fail(WebSocketCloseCode.InvalidPayload);
        }
    }
}
// end snippet
