namespace Sockeye.Tests;

// snippet: control frames
public sealed class ControlFrameLog : WebSocketControlFrameHandler
{
    public override bool OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
        Console.WriteLine($"{connection.Id}: a ping of {payload.Length} bytes");
        return true;
    }

    public override void OnClose(WebSocketConnection connection, WebSocketCloseCode code, string reason) =>
        Console.WriteLine($"{connection.Id}: the peer closes with {(int)code}");
}
// end snippet
