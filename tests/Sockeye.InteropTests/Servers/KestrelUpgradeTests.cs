using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>
/// An upgrade through ASP.NET Core's <c>IHttpUpgradeFeature</c>: Kestrel writes the 101, Sockeye serves the connection.
/// </summary>
public sealed class KestrelUpgradeTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static readonly WebSocketAcceptorOptions Options = new()
    {
        Subprotocols = ["v1"],
        Compression = PerMessageDeflateOptions.Default,
        OnUpgrade = (request, _) =>
            request.Path == "/refused"
                ? new WebSocketUpgradeRejection { StatusCode = 401, Body = "no\n", Headers = [new("WWW-Authenticate", "Basic")] }
                : new WebSocketUpgradeAcceptance
                {
                    Headers = [new("X-One", "1")],
                    Cookies = [new WebSocketSetCookie("a", "1"), new WebSocketSetCookie("b", "2")],
                },
    };

    [Fact]
    public async Task The_wire_has_exactly_one_101_followed_by_frames()
    {
        await using KestrelUpgradeServer server = await KestrelUpgradeServer.StartAsync(Options);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
        NetworkStream stream = client.GetStream();

        // "Hello" behind the request, then a Close frame of 1000, each masked with zeros.
        await stream.WriteAsync(
            (byte[])
            [
                .. Encoding.ASCII.GetBytes(Request("/", "Sec-WebSocket-Protocol: v1")),
                0x81, 0x85, 0, 0, 0, 0, .. "Hello"u8, 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8,
            ],
            Deadline.Token());
        byte[] received = await ReadToEndAsync(stream);

        string text = Encoding.Latin1.GetString(received);
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        string[] lines = text[..end].Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("HTTP/1.1 101 Switching Protocols", lines[0]);
        Assert.Equal("81054865 6C6C6F88 0203E8".Replace(" ", ""), Convert.ToHexString(received[end..]));
        Assert.Equal(
            ["Connection: Upgrade", $"Sec-WebSocket-Accept: {Accept}", "Sec-WebSocket-Protocol: v1", "Set-Cookie: a=1",
                "Set-Cookie: b=2", "Upgrade: websocket", "X-One: 1"],
            lines[1..].Where(line => !line.StartsWith("Date:", StringComparison.Ordinal)
                && !line.StartsWith("Server:", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_client_exchanges_compressed_messages_over_the_upgraded_connection()
    {
        await using KestrelUpgradeServer server = await KestrelUpgradeServer.StartAsync(Options);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { Subprotocols = ["v1"] }, Deadline.Token());

        Assert.Equal("v1", client.Subprotocol);
        Assert.Equal("permessage-deflate", client.Extensions);
        foreach (int length in (int[])[0, 5, 2_000, 300_000])
        {
            byte[] payload = [.. Enumerable.Range(0, length).Select(index => (byte)(index / 7))];
            await client.SendAsync(payload, WebSocketMessageKind.Binary, Deadline.Token());
            Assert.Equal(payload, (await client.ReceiveMessageAsync(Deadline.Token())).Payload.ToArray());
        }

        Assert.True((await client.CloseAsync(cancellationToken: Deadline.Token())).WasClean);
    }

    [Theory]
    [InlineData("/refused", "X: y", 401, "no\n", "WWW-Authenticate: Basic")]
    [InlineData("/", "Origin: https://evil.example", 403, "the page's origin", "Content-Type: text/plain; charset=utf-8")]
    [InlineData("/", "Sec-WebSocket-Protocol: a, a", 400, "Sec-WebSocket-Protocol", "Content-Type: text/plain; charset=utf-8")]
    public async Task A_rejection_is_one_response_with_headers_and_body(
        string path, string line, int status, string body, string header)
    {
        await using KestrelUpgradeServer server = await KestrelUpgradeServer.StartAsync(Options);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Deadline.Token());
        NetworkStream stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request(path, line)), Deadline.Token());
        string response = Encoding.Latin1.GetString(await ReadToEndAsync(stream));

        Assert.StartsWith($"HTTP/1.1 {status} ", response, StringComparison.Ordinal);
        Assert.Equal(0, response.LastIndexOf("HTTP/1.1", StringComparison.Ordinal));
        Assert.Contains($"\r\n{header}\r\n", response, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", response, StringComparison.Ordinal);
        string received = response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        Assert.True(status == 403 || received.Contains(body, StringComparison.Ordinal), received);
        Assert.Contains($"\r\nContent-Length: {received.Length}\r\n", response, StringComparison.Ordinal);
    }

    private static string Request(string path, string line) =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + $"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n{line}\r\n\r\n";

    private static async Task<byte[]> ReadToEndAsync(NetworkStream stream)
    {
        var received = new MemoryStream();
        await stream.CopyToAsync(received, Deadline.Token());
        return received.ToArray();
    }
}
