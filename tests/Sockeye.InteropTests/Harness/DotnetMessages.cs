using System.Net.WebSockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Whole messages over <see cref="WebSocket"/>, which by itself knows only the next piece.</summary>
internal static class DotnetMessages
{
    /// <summary>Short, because a test waits for several of the pings.</summary>
    public static readonly TimeSpan KeepAliveInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Larger than any message, so that a piece ends only where a frame does or the network cut it.</summary>
    private const int BufferSize = 2 << 20;

    public sealed record Received(WebSocketMessageType Type, byte[] Payload, int Frames)
    {
        public string Text => Encoding.UTF8.GetString(Payload);
    }

    /// <summary>The next message, or null if a Close frame came instead.</summary>
    public static async Task<Received?> ReceiveMessageAsync(this WebSocket socket)
    {
        byte[] buffer = new byte[BufferSize];
        int length = 0;
        int pieces = 0;
        while (true)
        {
            ValueWebSocketReceiveResult piece = await socket.ReceiveAsync(buffer.AsMemory(length), Deadline.Token());
            if (piece.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            pieces++;
            length += piece.Count;
            if (piece.EndOfMessage)
            {
                return new Received(piece.MessageType, buffer[..length], pieces);
            }
        }
    }

    public static async Task SendMessageAsync(
        this WebSocket socket, byte[] payload, WebSocketMessageType type, bool inThirds)
    {
        ReadOnlyMemory<byte>[] pieces = inThirds ? PeerPayloads.Thirds(payload) : [payload];
        for (int i = 0; i < pieces.Length; i++)
        {
            await socket.SendAsync(pieces[i], type, endOfMessage: i == pieces.Length - 1, Deadline.Token());
        }
    }

    public static Task SendTextAsync(this WebSocket socket, string text) =>
        socket.SendMessageAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, inThirds: false);

    /// <summary>Answers a Close frame with its own code and reason, as RFC 6455 §5.5.1 suggests.</summary>
    public static async Task AnswerCloseAsync(this WebSocket socket)
    {
        if (socket.State == WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, Deadline.Token());
        }
    }

    public static PeerClose? ReceivedClose(this WebSocket socket) =>
        socket.CloseStatus is { } code ? new PeerClose((int)code, socket.CloseStatusDescription ?? "") : null;
}
