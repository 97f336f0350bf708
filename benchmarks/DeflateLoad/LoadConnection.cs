using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Benchmarks;

/// <summary>A client that keeps a number of messages in flight to an echo server, over a plain socket.</summary>
internal sealed class LoadConnection : IDisposable
{
    private const int BufferLength = 64 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly AnswerReader _reader = new();
    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly DeflatedMessages _messages;
    private long _sentCount;

    private LoadConnection(DeflatedMessages messages) => _messages = messages;

    /// <summary>The number of messages that were echoed.</summary>
    public long AnswerCount { get; private set; }

    /// <summary>The length of the echoes on the wire, in bytes, including headers.</summary>
    public long AnswerLength { get; private set; }

    /// <summary>The negotiated extension parameters.</summary>
    public string Agreed { get; private set; } = "";

    public static async Task<LoadConnection> OpenAsync(int port, string path, DeflatedMessages messages)
    {
        var connection = new LoadConnection(messages);
        await connection._socket.ConnectAsync(IPAddress.Loopback, port);
        await connection.ShakeHandsAsync(path);
        return connection;
    }

    /// <summary>
    /// Keeps a number of messages in flight until the socket is closed, or until a number of them has been echoed.
    /// </summary>
    public async Task RunAsync(int depth, long count = long.MaxValue)
    {
        await SendAsync((int)Math.Min(depth, count));
        while (AnswerCount < count)
        {
            int length = await _socket.ReceiveAsync(_buffer);
            if (length == 0)
            {
                throw new EndOfStreamException("The server has closed the socket.");
            }

            int answers = _reader.Read(_buffer.AsMemory(0, length));
            AnswerLength += length;
            AnswerCount += answers;
            await SendAsync((int)Math.Min(answers, count - _sentCount));
        }
    }

    /// <summary>Sends each message once, and verifies the echoes.</summary>
    public async Task CheckAsync(int count)
    {
        var deflated = new MemoryStream();
        using var inflater = new DeflateStream(deflated, CompressionMode.Decompress);
        var message = new MemoryStream();
        int index = 0;
        _reader.Payload = (payload, isCompressed, endsMessage) =>
        {
            (isCompressed ? deflated : message).Write(payload.Span);
            if (!endsMessage)
            {
                return;
            }

            if (isCompressed)
            {
                // RFC 7692 §7.2.2.
                deflated.Write([0x00, 0x00, 0xFF, 0xFF]);
                deflated.Position = 0;
                inflater.CopyTo(message);
                deflated.SetLength(0);
            }

            if (!message.GetBuffer().AsSpan(0, (int)message.Length).SequenceEqual(_messages.Texts[index % _messages.Texts.Length]))
            {
                throw new InvalidDataException($"The echo of message {index} differs from it.");
            }

            message.SetLength(0);
            index++;
        };
        await RunAsync(depth: 2, count);
        _reader.Payload = null;
    }

    public void Dispose() => _socket.Dispose();

    // One send for all that is due, as a client does after it has handled the messages of one receive.
    private async Task SendAsync(int count)
    {
        if (count == 1)
        {
            await SendAllAsync(_messages.FrameAt(_sentCount++));
            return;
        }

        var frames = new MemoryStream();
        for (; count > 0; count--)
        {
            frames.Write(_messages.FrameAt(_sentCount++).Span);
        }

        await SendAllAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length));
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    private async Task ShakeHandsAsync(string path)
    {
        // All servers of the comparison accept what the client offers.
        string offer = path.EndsWith("takeover", StringComparison.Ordinal)
            ? "permessage-deflate"
            : "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        string request = $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Extensions: {offer}\r\n\r\n";
        await SendAllAsync(Encoding.ASCII.GetBytes(request));
        string head = "";
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int length = await _socket.ReceiveAsync(_buffer.AsMemory(0, 1));
            head += length == 0 ? throw new EndOfStreamException(head) : (char)_buffer[0];
        }

        const string name = "sec-websocket-extensions:";
        Agreed = head.Split("\r\n")
            .Where(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            .Select(line => line[name.Length..].Trim())
            .SingleOrDefault("");
        if (!Agreed.StartsWith("permessage-deflate", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"The server does not compress: {head}");
        }
    }
}
