using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Benchmarks;

/// <summary>A subscriber that reads a thousand bytes per second from its socket, until it is told to catch up.</summary>
internal sealed class SlowSubscriber : IDisposable
{
    // A frame of an update: two bytes of header, unmasked (RFC 6455 §5.2).
    private const int FrameLength = 2 + UpdatePayload.Length;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
    private readonly TaskCompletionSource _catchUp = new();

    /// <summary>What it has received.</summary>
    public LastValues Last { get; } = new();

    public async Task ConnectAsync(EndPoint endPoint, int number)
    {
        await _socket.ConnectAsync(endPoint);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /{number} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await ReadAsync(one);
            head.Append((char)one[0]);
        }
    }

    /// <summary>Reads as fast as it can from now on.</summary>
    public void CatchUp() => _catchUp.TrySetResult();

    /// <summary>Reads until the end of the connection.</summary>
    public async Task ReadAllAsync()
    {
        byte[] frame = new byte[FrameLength];
        while (await ReadAsync(frame))
        {
            (int key, long number, _) = UpdatePayload.Read(frame.AsSpan(2));
            Last.Note(key, number);
            if (!_catchUp.Task.IsCompleted)
            {
                TimeSpan pause = TimeSpan.FromSeconds((double)FrameLength / FeedLoad.SlowBytesPerSecond);
                await Task.WhenAny(_catchUp.Task, Task.Delay(pause));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> ReadAsync(Memory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = await _socket.ReceiveAsync(bytes);
            if (count == 0)
            {
                return false;
            }

            bytes = bytes[count..];
        }

        return true;
    }
}
