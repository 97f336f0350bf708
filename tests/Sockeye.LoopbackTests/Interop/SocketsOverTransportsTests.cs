using System.Net.WebSockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Connections as <see cref="WebSocket"/>s of the platform, over every transport and in both roles.</summary>
public sealed class SocketsOverTransportsTests
{
    [Theory]
    [EachTransport]
    public async Task An_end_that_has_closed_its_output_receives_until_the_other_closes(TransportKind kind)
    {
        await CloseHalfAsync(kind, serverCloses: true);
        await CloseHalfAsync(kind, serverCloses: false);
    }

    [Theory]
    [EachTransport]
    public async Task An_aborted_socket_is_a_lost_connection_for_the_other(TransportKind kind)
    {
        await AbortAsync(kind, serverAborts: true);
        await AbortAsync(kind, serverAborts: false);
    }

    private static async Task CloseHalfAsync(TransportKind kind, bool serverCloses)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        using WebSocket closing = (serverCloses ? pair.Server : pair.Client).AsWebSocket();
        using WebSocket other = (serverCloses ? pair.Client : pair.Server).AsWebSocket();
        byte[] buffer = new byte[3];

        await closing.SendAsync("last"u8.ToArray().AsMemory(), WebSocketMessageType.Text, endOfMessage: false, default);
        await closing.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Text, endOfMessage: true, default);
        await closing.CloseOutputAsync((WebSocketCloseStatus)4000, "half", default).WithDeadline();
        string last = await ReceiveAsync(other);
        ValueWebSocketReceiveResult close = await other.ReceiveAsync(buffer.AsMemory(), default).AsTask().WithDeadline();
        WebSocketState received = other.State;
        await other.SendAsync("reply"u8.ToArray().AsMemory(), WebSocketMessageType.Text, endOfMessage: true, default);
        string reply = await ReceiveAsync(closing);
        Task replying = other.CloseAsync((WebSocketCloseStatus)4001, "own", default);
        ValueWebSocketReceiveResult end = await closing.ReceiveAsync(buffer.AsMemory(), default).AsTask().WithDeadline();
        await replying.WithDeadline();

        Assert.Equal(("last", "reply"), (last, reply));
        Assert.Equal((WebSocketMessageType.Close, WebSocketState.CloseReceived), (close.MessageType, received));
        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        Assert.Equal((WebSocketState.Closed, WebSocketState.Closed), (closing.State, other.State));
        Assert.Equal(((WebSocketCloseStatus?)4001, "own"), (closing.CloseStatus, closing.CloseStatusDescription));
        Assert.Equal(((WebSocketCloseStatus?)4000, "half"), (other.CloseStatus, other.CloseStatusDescription));
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();
        Assert.True(client.WasClean && server.WasClean);

        async Task<string> ReceiveAsync(WebSocket socket)
        {
            StringBuilder text = new();
            ValueWebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(), default).AsTask().WithDeadline();
                text.Append(Encoding.ASCII.GetString(buffer, 0, result.Count));
            }
            while (!result.EndOfMessage);
            return text.ToString();
        }
    }

    private static async Task AbortAsync(TransportKind kind, bool serverAborts)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        using WebSocket aborting = (serverAborts ? pair.Server : pair.Client).AsWebSocket();
        using WebSocket other = (serverAborts ? pair.Client : pair.Server).AsWebSocket();
        Task<ValueWebSocketReceiveResult> own = aborting.ReceiveAsync(new byte[1].AsMemory(), default).AsTask();
        Task<ValueWebSocketReceiveResult> receiving = other.ReceiveAsync(new byte[1].AsMemory(), default).AsTask();

        aborting.Abort();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => own.WithDeadline());
        WebSocketException lost = await Assert.ThrowsAsync<WebSocketException>(() => receiving.WithDeadline());
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, lost.WebSocketErrorCode);
        Assert.Equal((WebSocketState.Aborted, WebSocketState.Aborted), (aborting.State, other.State));
    }
}
