namespace Sockeye.Tests;

/// <summary>Each rule of the opening handshake, and the server's response to its violation (RFC 6455 §4.2).</summary>
public sealed class RequestRulesTests
{
    private const string Upgrade = "Upgrade: websocket\r\n";
    private const string KeyLine = "Sec-WebSocket-Key: " + RawPeer.Key + "\r\n";
    private const string Version = "Sec-WebSocket-Version: 13\r\n";

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_plain_request_gets_426_with_Upgrade(ServerKind kind)
    {
        string response = await AnswerAsync(kind, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 426 Upgrade Required\r\n", response, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n", response, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Version: 13, 8\r\n", response, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_method_other_than_GET_gets_405_with_Allow(ServerKind kind)
    {
        string response = await AnswerAsync(kind, RawPeer.Request().Replace("GET ", "POST ", StringComparison.Ordinal));

        Assert.StartsWith("HTTP/1.1 405 Method Not Allowed\r\n", response, StringComparison.Ordinal);
        Assert.Contains("\r\nAllow: GET\r\n", response, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task An_Upgrade_header_beyond_the_header_limit_gets_431_without_an_exception(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        string request = RawPeer.Request().Replace(Upgrade, "", StringComparison.Ordinal).Replace(
            "\r\n\r\n", "\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 64)) + Upgrade + "\r\n", StringComparison.Ordinal);

        Assert.StartsWith(
            "HTTP/1.1 431 Request Header Fields Too Large\r\n", await AnswerAsync(kind, request, log), StringComparison.Ordinal);
        Assert.DoesNotContain(log.Entries, entry => entry.Exception is not null);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public Task An_Upgrade_to_another_protocol_gets_400(ServerKind kind) =>
        AssertAnswerAsync(kind, 400, Upgrade, "Upgrade: h2c\r\n", WebSocketHandshakeError.InvalidUpgrade);

    [Theory]
    [EachServer(IsPlain = true)]
    public Task A_missing_key_gets_400(ServerKind kind) => AssertAnswerAsync(kind, 400, KeyLine, "", WebSocketHandshakeError.MissingKey);

    [Theory]
    [EachServer("c2hvcnQ=", IsPlain = true)]
    [EachServer("AAAAAAAAAAAAAAAAAAAAAAA=", IsPlain = true)]
    public Task A_key_of_the_wrong_length_gets_400(ServerKind kind, string key) =>
        AssertAnswerAsync(kind, 400, KeyLine, $"Sec-WebSocket-Key: {key}\r\n", WebSocketHandshakeError.InvalidKey);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_missing_version_gets_426_with_the_supported_versions(ServerKind kind) => Assert.Contains(
        "\r\nSec-WebSocket-Version: 13, 8\r\n",
        await AssertAnswerAsync(kind, 426, Version, "", WebSocketHandshakeError.MissingVersion),
        StringComparison.Ordinal);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task An_unsupported_version_gets_426_with_the_supported_versions(ServerKind kind) => Assert.Contains(
        "\r\nSec-WebSocket-Version: 13, 8\r\n",
        await AssertAnswerAsync(kind, 426, Version, "Sec-WebSocket-Version: 12\r\n", WebSocketHandshakeError.UnsupportedVersion),
        StringComparison.Ordinal);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Version_8_is_served_like_version_13(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request().Replace(Version, "Sec-WebSocket-Version: 8\r\n", StringComparison.Ordinal));
        Assert.Contains(RawPeer.Accept, await client.ReadHeadAsync(), StringComparison.Ordinal);

        await client.SendMaskedAsync(RawFrame.Text, 0x61);

        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
        Assert.Equal(8, Assert.Single(server.GetConnections()).Request!.Version);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_Hixie_76_request_gets_426(ServerKind kind)
    {
        string response = await AnswerAsync(
            kind,
            "GET /demo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"
            + "Sec-WebSocket-Protocol: sample\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
            + "Origin: http://localhost\r\n\r\n^n:ds[4U");

        Assert.StartsWith("HTTP/1.1 426 ", response, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(",", IsPlain = true)]
    [EachServer("a, a", IsPlain = true)]
    [EachServer("a b", IsPlain = true)]
    public Task Malformed_subprotocols_get_400(ServerKind kind, string list) => AssertAnswerAsync(
        kind, 400, Version, $"{Version}Sec-WebSocket-Protocol: {list}\r\n", WebSocketHandshakeError.InvalidSubprotocols);

    [Theory]
    [EachServer]
    public async Task Lists_with_white_space_and_empty_elements_are_accepted(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(kind) with { Subprotocols = ["mqtt"], Compression = PerMessageDeflateOptions.Default });
        using RawPeer client = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request(
            "/", "Sec-WebSocket-Protocol: mqtt,", "Sec-WebSocket-Extensions: ,permessage-deflate; server_max_window_bits = 10",
            "Connection: ,keep-alive,", "Upgrade: ,"));
        string head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Protocol: mqtt\r\n", head, StringComparison.Ordinal);
        Assert.Contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n", head, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("a;;b", IsPlain = true)]
    [EachServer("permessage-deflate; server_max_window_bits=\"", IsPlain = true)]
    public Task Malformed_extensions_get_400(ServerKind kind, string list) => AssertAnswerAsync(
        kind, 400, Version, $"{Version}Sec-WebSocket-Extensions: {list}\r\n", WebSocketHandshakeError.InvalidExtensions);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Unknown_extensions_are_ignored(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request("/", "Sec-WebSocket-Extensions: foo; bar, baz; a=1"));
        string head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_101_has_three_headers_if_nothing_was_requested(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request());

        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {RawPeer.Accept}\r\n\r\n",
            await client.ReadHeadAsync());
    }

    [Theory]
    [EachServer("Host: localhost\r\n", "", 400, WebSocketHandshakeError.MissingHost, IsPlain = true)]
    [EachServer("Connection: Upgrade\r\n", "Connection: keep-alive\r\n", 400, WebSocketHandshakeError.InvalidConnection, IsPlain = true)]
    [EachServer("HTTP/1.1\r\n", "HTTP/1.0\r\n", 505, WebSocketHandshakeError.UnsupportedHttpVersion, IsPlain = true)]
    [EachServer(Version, Version + "Origin: https://evil.example\r\n", 403, WebSocketHandshakeError.OriginNotAllowed, IsPlain = true)]
    public Task Host_Connection_HTTP_version_and_Origin_are_checked(
        ServerKind kind, string line, string instead, int status, WebSocketHandshakeError error) =>
        AssertAnswerAsync(kind, status, line, instead, error);

    private static Task<string> AssertAnswerAsync(ServerKind kind, int status, string line, string instead, WebSocketHandshakeError error) =>
        AssertAnswerAsync(kind, status, RawPeer.Request().Replace(line, instead, StringComparison.Ordinal), error);

    private static async Task<string> AssertAnswerAsync(ServerKind kind, int status, string request, WebSocketHandshakeError error)
    {
        var log = new CapturingLoggerFactory();
        string response = await AnswerAsync(kind, request, log);

        Assert.StartsWith($"HTTP/1.1 {status} ", response, StringComparison.Ordinal);
        Assert.Contains(
            log.Entries, entry => entry.EventId == 101 && entry.Message.Contains($"with {status}: {error}", StringComparison.Ordinal));
        return response;
    }

    private static async Task<string> AnswerAsync(ServerKind kind, string request, CapturingLoggerFactory? log = null)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                LoggerFactory = log ?? new CapturingLoggerFactory(),
            },
            (_, _) => throw new InvalidOperationException("No connection was to be served."));
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(request);
        return await client.ReadToEndAsync();
    }
}
