using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>An HTTP/1.1 client that writes given bytes on one connection and returns the responses.</summary>
internal sealed class RawHttp : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawHttp(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public static async Task<RawHttp> ConnectAsync(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port, Deadline.Token());
        return new RawHttp(socket);
    }

    /// <summary>Sends a GET with headers, each a line, and reads the answer with its body.</summary>
    public async Task<Answer> GetAsync(string path, params string[] headers)
    {
        string request = $"GET {path} HTTP/1.1\r\nHost: localhost\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n";
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(request), Deadline.Token());
        return await ReadAnswerAsync();
    }

    public async Task SendAsync(byte[] bytes) => await _stream.WriteAsync(bytes, Deadline.Token());

    public async Task<byte[]> ReceiveAsync(int length)
    {
        byte[] bytes = new byte[length];
        await _stream.ReadExactlyAsync(bytes, Deadline.Token());
        return bytes;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<Answer> ReadAnswerAsync()
    {
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReceiveAsync(1))[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Answer answer = new(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), lines[1..], Body: "");
        return answer["Content-Length"] is { } length
            ? answer with { Body = Encoding.UTF8.GetString(await ReceiveAsync(int.Parse(length, CultureInfo.InvariantCulture))) }
            : answer;
    }

    internal sealed record Answer(int Status, string[] Headers, string Body)
    {
        public string? this[string name] => Headers
            .Where(header => header.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(header => header[(name.Length + 1)..].Trim())
            .FirstOrDefault();
    }
}
