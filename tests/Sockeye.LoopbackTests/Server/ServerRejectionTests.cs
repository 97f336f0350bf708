using System.Text;

namespace Sockeye.Tests;

public sealed class ServerRejectionTests
{
    private const string Host = "Host: localhost\r\n";
    private const string Rest =
        Host + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + RawPeer.Key
        + "\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private static readonly string LongValue = new('a', 9000);

    /// <summary>Rejected requests, and the status of each.</summary>
    public static (int Status, string Request)[] Refused =>
    [
        (400, "GET  / HTTP/1.1\r\n" + Rest),
        (400, "GET / HTTP/1.1\n" + Rest),
        (400, "GET /a b HTTP/1.1\r\n" + Rest),
        (400, "GET /\u001b HTTP/1.1\r\n" + Rest),
        (400, "GET /#f HTTP/1.1\r\n" + Rest),
        (400, "GET * HTTP/1.1\r\n" + Rest),
        (400, "GET ftp://elsewhere/ HTTP/1.1\r\n" + Rest),
        (400, "\r\nGET / HTTP/1.1\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nName : value\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nA: b\r\n c\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nA: \0\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nno colon\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nHost: again\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nContent-Length: 5\r\n" + Rest + "hello"),
        (400, "GET / HTTP/1.1\r\nContent-Length: +5\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nSec-WebSocket-Key: " + RawPeer.Key + "\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nSec-WebSocket-Protocol: a,,b c\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nSec-WebSocket-Extensions: ;=\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\nOrigin: http://a\r\nOrigin: http://b\r\n" + Rest),
        (400, "GET / HTTP/1.1\r\n" + Rest.Replace("Upgrade: websocket", "Upgrade: h2c")),
        (400, "GET / HTTP/1.1\r\n" + Rest.Replace("Connection: Upgrade", "Connection: keep-alive")),
        (400, "GET / HTTP/1.1\r\n" + Rest.Replace(RawPeer.Key, "c2hvcnQ=")),
        (400, "GET / HTTP/1.1\r\n" + Rest.Replace("Host: localhost\r\n", "")),
        (403, "GET / HTTP/1.1\r\nOrigin: https://evil.example\r\n" + Rest),
        (403, "GET / HTTP/1.1\r\nOrigin: null\r\n" + Rest),
        (405, "POST / HTTP/1.1\r\n" + Rest),
        (405, "HEAD / HTTP/1.1\r\n" + Host + "\r\n"),
        (405, "OPTIONS / HTTP/1.1\r\n" + Host + "\r\n"),
        (414, "GET /" + LongValue + " HTTP/1.1\r\n" + Rest),
        (426, "GET / HTTP/1.1\r\n" + Host + "\r\n"),
        (426, "GET / HTTP/1.1\r\n" + Rest.Replace("Version: 13", "Version: 7")),
        (426, "GET / HTTP/1.1\r\n" + Rest.Replace("Version: 13", "Version: +13")),
        (431, "GET / HTTP/1.1\r\nA: " + LongValue + "\r\n" + Rest),
        (431, "GET / HTTP/1.1\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 65)) + Rest),
        (505, "GET / HTTP/1.0\r\n" + Rest),
        (505, "GET / HTTP/2.0\r\n" + Rest),
        (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (400, "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003"),
        (400, "\0\0\0\0\r\n\r\n"),
    ];

    public static IEnumerable<TheoryDataRow<ServerKind, int, string>> RefusedByEachServer =>
        from row in Refused
        from kind in new[] { ServerKind.EventLoop, ServerKind.Socket }
        select new TheoryDataRow<ServerKind, int, string>(kind, row.Status, row.Request) { Skip = kind.WhyNot() };

    [Theory]
    [MemberData(nameof(RefusedByEachServer), DisableDiscoveryEnumeration = true)]
    public async Task A_rejected_request_gets_the_status_of_its_error(ServerKind kind, int status, string request)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(request);
        string response = await client.ReadToEndAsync();

        AssertOneRefusal(status, request, response);
        Assert.Empty(server.GetConnections());
        Assert.Equal(
            status == 426, response.Contains("\r\nUpgrade: websocket\r\n", StringComparison.Ordinal));
        Assert.Equal(status == 405, response.Contains("\r\nAllow: GET\r\n", StringComparison.Ordinal));
    }

    // HS-41: bytes after a rejected request are never parsed.
    [Theory]
    [MemberData(nameof(RefusedByEachServer), DisableDiscoveryEnumeration = true)]
    public async Task A_rejection_arrives_whole_and_bytes_after_the_request_are_not_parsed(
        ServerKind kind, int status, string request)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        string more = string.Concat(Enumerable.Repeat(RawPeer.Request("/secret"), 100_000 / RawPeer.Request().Length));

        await client.SendAsync(request + more);
        string response = await client.ReadToEndAsync();

        AssertOneRefusal(status, request, response);
        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejection_arrives_although_megabytes_are_in_flight(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync("POST / HTTP/1.1\r\n" + Host + "Content-Length: 4000000\r\n\r\n");
        await client.SendAsync(new byte[4_000_000]);
        string response = await client.ReadToEndAsync();

        AssertOneRefusal(405, "POST ", response);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_request_may_arrive_byte_by_byte(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        foreach (byte one in Encoding.ASCII.GetBytes(RawPeer.Request()))
        {
            await client.SendAsync(new[] { one });
        }

        string head = await client.ReadHeadAsync();
        Assert.Contains("Sec-WebSocket-Accept: " + RawPeer.Accept, head, StringComparison.Ordinal);
        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejected_request_may_arrive_byte_by_byte(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        foreach (byte one in Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n" + Host + "\r\n"))
        {
            await client.SendAsync(new[] { one });
        }

        AssertOneRefusal(426, "GET ", await client.ReadToEndAsync());
    }

    // HS-40.
    [Theory]
    [EachServer(1, IsPlain = true)]
    [EachServer(50, IsPlain = true)]
    [EachServer(70_000, IsPlain = true)]
    public async Task Frames_after_the_request_are_delivered_however_it_is_split(ServerKind kind, int pieceLength)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind), new EchoHandler());
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        byte[] payload = Payloads.Bytes(500);
        byte[] bytes =
        [
            .. Encoding.ASCII.GetBytes(RawPeer.Request()),
            .. Wire.Masked(RawFrame.Bytes(RawFrame.Text, "first"u8)),
            .. Wire.Masked(RawFrame.Bytes(RawFrame.Binary, payload)),
            .. Wire.Masked(RawFrame.Bytes(RawFrame.Close, 0x03, 0xE8)),
        ];

        foreach (byte[] piece in bytes.Chunk(pieceLength))
        {
            await client.SendAsync(piece);
        }

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("first", (await client.ReadFrameAsync()).PayloadText);
        Assert.Equal(payload, (await client.ReadFrameAsync()).Payload);
        Assert.Equal(1000, (await client.ReadFrameAsync()).CloseCode);
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Theory]
    [EachServer("https://app.example", 101, IsPlain = true)]
    [EachServer("http://localhost", 101, IsPlain = true)]
    [EachServer("http://localhost:81", 403, IsPlain = true)]
    [EachServer("https://app.example.evil.example", 403, IsPlain = true)]
    [EachServer("http://app.example", 403, IsPlain = true)]
    public async Task Pages_of_the_same_and_of_listed_origins_may_connect(ServerKind kind, string origin, int status)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                AllowedOrigins = ["https://app.example"],
            });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request("/", "Origin: " + origin));

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_handler_selection_that_throws_gets_500_and_is_logged(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), LoggerFactory = log },
            request => request.Path == "/null"
                ? null!
                : throw new InvalidOperationException("broken on purpose"));

        foreach (string path in new[] { "/null", "/throw" })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request(path));
            string response = await client.ReadToEndAsync();

            AssertOneRefusal(500, "GET ", response);
            Assert.DoesNotContain("purpose", response, StringComparison.Ordinal);
        }

        Assert.Equal(2, log.Entries.Count(entry => entry.EventId == 102));
        Assert.Contains(log.Entries, entry => entry.Exception?.Message == "broken on purpose");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Clients_that_disconnect_during_a_request_affect_no_other(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        string request = RawPeer.Request();

        for (int length = 0; length <= request.Length; length += 7)
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(request[..length]);
            switch (length % 3)
            {
                case 0:
                    client.Reset();
                    break;
                case 1:
                    client.EndOutput();
                    Assert.Equal("", await client.ReadToEndAsync());
                    break;
            }
        }

        using RawPeer last = await RawPeer.OpenAsync(server.LocalEndPoint);
        await last.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await last.ReadFrameAsync()).PayloadText);
    }

    [Fact]
    public async Task A_plain_client_on_a_TLS_port_is_rejected_and_the_server_continues()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });
        using RawPeer plain = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await plain.SendAsync(RawPeer.Request());
        string answer = await plain.ReadToEndAsync();

        using RawPeer secure = await RawPeer.ConnectTlsAsync(server.LocalEndPoint);
        await secure.SendAsync("GET / HTTP/1.1\r\n" + Host + "\r\n");

        AssertOneRefusal(400, "GET ", answer);
        AssertOneRefusal(426, "GET ", await secure.ReadToEndAsync());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_client_that_half_closes_after_its_request_ends_the_connection(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request());
        client.EndOutput();
        string all = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 101 ", all, StringComparison.Ordinal);
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the connection is forgotten");
    }

    private static void AssertOneRefusal(int status, string request, string response)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", response, StringComparison.Ordinal);
        int end = response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        string[] lines = response[..end].Split("\r\n");
        Assert.Contains(lines, line => line is "Connection: close" or "Connection: Upgrade, close");
        string length = Assert.Single(lines, line => line.StartsWith("Content-Length: ", StringComparison.Ordinal));

        // The whole body, and nothing behind it; to a HEAD its length alone (RFC 9110 §9.3.2).
        int bodyLength = int.Parse(length["Content-Length: ".Length..], null);
        Assert.NotEqual(0, bodyLength);
        Assert.Equal(request.StartsWith("HEAD ", StringComparison.Ordinal) ? 0 : bodyLength, response.Length - end);
        Assert.Equal(0, response.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal));
    }
}
