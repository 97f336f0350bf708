using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

public sealed class ClientHandshakeTests
{
    private const string Accept = "{accept}";
    private const string Start = "HTTP/1.1 101 Switching Protocols\r\n";
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

    /// <summary>Responses that do not accept the opening handshake, and the rule that each breaks.</summary>
    private static readonly (WebSocketHandshakeError Error, string Answer)[] WrongAnswers =
    [
        (WebSocketHandshakeError.InvalidAccept, Start + Upgrade + "Sec-WebSocket-Accept: " + RawPeer.Accept + "\r\n\r\n"),
        (WebSocketHandshakeError.InvalidAccept, Start + Upgrade + "Sec-WebSocket-Accept: {lower}\r\n\r\n"),
        (WebSocketHandshakeError.InvalidAccept, Start + Upgrade + "Sec-WebSocket-Accept:\r\n\r\n"),
        (WebSocketHandshakeError.MissingAccept, Start + Upgrade + "\r\n"),
        (WebSocketHandshakeError.RepeatedAccept, Start + Upgrade + Accept + Accept + "\r\n"),
        (WebSocketHandshakeError.MissingUpgrade, Start + "Connection: Upgrade\r\n" + Accept + "\r\n"),
        (WebSocketHandshakeError.InvalidUpgrade, Start + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + Accept + "\r\n"),
        (WebSocketHandshakeError.InvalidConnection, Start + "Upgrade: websocket\r\n" + Accept + "\r\n"),
        (WebSocketHandshakeError.InvalidConnection, Start + "Upgrade: websocket\r\nConnection: close\r\n" + Accept + "\r\n"),
        (WebSocketHandshakeError.UnrequestedSubprotocol, Start + Upgrade + Accept + "Sec-WebSocket-Protocol: other\r\n\r\n"),
        (WebSocketHandshakeError.UnrequestedSubprotocol, Start + Upgrade + Accept + "Sec-WebSocket-Protocol: CHAT\r\n\r\n"),
        (
            WebSocketHandshakeError.RepeatedSubprotocol,
            Start + Upgrade + Accept + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
        (WebSocketHandshakeError.RepeatedSubprotocol, Start + Upgrade + Accept + "Sec-WebSocket-Protocol: chat, more\r\n\r\n"),
        (WebSocketHandshakeError.MissingSubprotocol, Start + Upgrade + Accept + "\r\n"),
        (
            WebSocketHandshakeError.UnrequestedExtension,
            Start + Upgrade + Accept
            + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x-made-up\r\n\r\n"),
        (
            WebSocketHandshakeError.InvalidExtensions,
            Start + Upgrade + Accept + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: ;;\r\n\r\n"),
        (WebSocketHandshakeError.UnsupportedHttpVersion, Start.Replace("1.1", "1.0") + Upgrade + Accept + "\r\n"),
        (WebSocketHandshakeError.MalformedResponse, "SSH-2.0-OpenSSH\r\n"),
        (WebSocketHandshakeError.ConnectionLost, ""),
        (WebSocketHandshakeError.ConnectionLost, Start + Upgrade),
        (WebSocketHandshakeError.ConnectionLost, "HTTP/1.1 101"),
    ];

    /// <summary>Each of them for each kind of client.</summary>
    public static TheoryData<ClientKind, WebSocketHandshakeError, string> WrongAnswersToEach =>
        [.. from kind in Clients.Kinds
            from wrong in WrongAnswers
            select new TheoryDataRow<ClientKind, WebSocketHandshakeError, string>(kind, wrong.Error, wrong.Answer)];

    [Theory]
    [MemberData(nameof(WrongAnswersToEach), DisableDiscoveryEnumeration = true)]
    public async Task An_invalid_response_fails_with_its_error_and_closes_the_socket(
        ClientKind kind, WebSocketHandshakeError error, string answer)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address,
            new WebSocketClientOptions { Subprotocols = ["chat", "more"], UseEventLoop = kind.UsesEventLoop() });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        string accept = RawServer.AcceptFor(RawServer.Header(request, "Sec-WebSocket-Key"));

        await peer.SendAsync(answer
            .Replace(Accept, "Sec-WebSocket-Accept: " + accept + "\r\n")
            .Replace("{lower}", accept.ToLowerInvariant()));
        if (error == WebSocketHandshakeError.ConnectionLost)
        {
            peer.EndOutput();
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(error, thrown.Error);
        Assert.Equal(
            error is WebSocketHandshakeError.ConnectionLost or WebSocketHandshakeError.MalformedResponse ? null : 101, thrown.StatusCode);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task Lists_with_white_space_and_empty_elements_in_the_response_are_read(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, "Sec-WebSocket-Extensions: ,permessage-deflate; server_max_window_bits = 10")
            .Replace("Upgrade: websocket", "Upgrade: websocket,", StringComparison.Ordinal)
            .Replace("Connection: Upgrade", "Connection: ,Upgrade,", StringComparison.Ordinal));
        await using WebSocketConnection connection = await connecting.WithDeadline();

        Assert.Equal("permessage-deflate; server_max_window_bits=10", connection.Extensions);
        connection.Abort();
    }

    [Theory]
    [EachClient(301, "Location: ws://elsewhere.invalid/\r\n")]
    [EachClient(308, "Location: /there\r\n")]
    [EachClient(200, "")]
    [EachClient(401, "WWW-Authenticate: Basic realm=\"x\"\r\n")]
    [EachClient(403, "")]
    [EachClient(404, "")]
    [EachClient(426, "Sec-WebSocket-Version: 13\r\n")]
    [EachClient(503, "Retry-After: 5\r\n")]
    public async Task A_rejection_has_status_headers_and_body(ClientKind kind, int status, string header)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync($"HTTP/1.1 {status} Said\r\n{header}Content-Length: 6\r\nX-A: 1\r\nX-A: 2\r\n\r\nsorry\n");
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
        Assert.Equal(status, thrown.StatusCode);
        Assert.Equal("sorry\n", Encoding.ASCII.GetString(thrown.Body.Span));
        Assert.Equal(["1", "2"], thrown.Headers.Where(pair => pair.Key == "X-A").Select(pair => pair.Value));
        if (header.Length != 0)
        {
            string[] parts = header.TrimEnd().Split(": ");
            Assert.Equal(parts[1], Assert.Single(thrown.Headers, pair => pair.Key == parts[0]).Value);
        }

        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task A_large_body_is_cut_at_64_KiB_and_the_socket_is_closed(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;
        byte[] body = Payloads.Bytes(200_000);

        await peer.SendAsync($"HTTP/1.1 500 Said\r\nContent-Length: 1000000000\r\n\r\n");
        await peer.SendAsync(body);
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.True(body.AsSpan(0, 64 * 1024).SequenceEqual(thrown.Body.Span));
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient("HTTP/1.1 500 Said\r\nContent-Length: 100\r\n\r\nbegun", true)]
    [EachClient("HTTP/1.1 500 Said\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n", true)]
    [EachClient("HTTP/1.1 500 Said\r\n\r\nbegun", true)]
    [EachClient("HTTP/1.1 101 Switching Protocols\r\nUpgra", false)]
    [EachClient("", false)]
    public async Task An_incomplete_response_fails_at_the_handshake_timeout(ClientKind kind, string answer, bool isAnswer)
    {
        var time = new ManualTimeProvider();
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address,
            new WebSocketClientOptions
            {
                TimeProvider = time,
                HandshakeTimeout = TimeSpan.FromSeconds(15),
                UseEventLoop = kind.UsesEventLoop(),
            });
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;
        await peer.SendAsync(answer);

        time.Advance(TimeSpan.FromSeconds(14));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        // The clock may be faster than the answer.
        if (thrown.StatusCode is not null)
        {
            Assert.True(isAnswer);
            Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
            Assert.Equal(500, thrown.StatusCode);
        }
        else
        {
            Assert.Equal(WebSocketHandshakeError.TimedOut, thrown.Error);
        }

        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task An_endless_head_fails_the_handshake(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;
        await peer.SendAsync(Start);

        Task sending = Task.Run(async () =>
        {
            while (true)
            {
                await peer.SendAsync("X-More: and more\r\n");
            }
        });
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        await Assert.ThrowsAnyAsync<IOException>(() => sending.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.HeadTooLong, thrown.Error);
    }

    [Theory]
    [EachClient]
    public async Task A_refused_TCP_connection_fails_the_handshake(ClientKind kind)
    {
        Uri address;
        using (var server = new RawServer(Servers.OwnAddress))
        {
            address = server.Address;
        }

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(address, kind.Options()).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        Assert.Null(thrown.StatusCode);
        Assert.Empty(thrown.Headers);
        Assert.True(thrown.Body.IsEmpty);
        Assert.Contains(
            Causes(thrown), cause => cause is SocketException { SocketErrorCode: SocketError.ConnectionRefused });
    }

    [Theory]
    [EachClient]
    public async Task Canceling_ends_the_attempt_and_closes_the_socket(ClientKind kind)
    {
        using var server = new RawServer();
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, kind.Options(), cancellation.Token);
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
        Assert.Equal("", await peer.ReadToEndAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => WebSocketClient.ConnectAsync(server.Address, kind.Options(), cancellation.Token).WithDeadline());
    }

    [Theory]
    [EachClient]
    public async Task Interim_responses_are_skipped(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal(WebSocketConnectionState.Open, client.State);
        client.Abort();
    }

    [Theory]
    [EachClient(1)]
    [EachClient(7)]
    [EachClient(70_000)]
    public async Task Frames_after_the_response_are_delivered_however_it_is_split(ClientKind kind, int pieceLength)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _1 = peer;
        byte[] bytes =
        [
            .. Encoding.ASCII.GetBytes(RawServer.Accepting(request)),
            .. RawFrame.Bytes(RawFrame.Text, "first"u8),
            .. RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(1000)),
        ];

        foreach (byte[] piece in bytes.Chunk(pieceLength))
        {
            await peer.SendAsync(piece);
        }

        await using WebSocketConnection client = await connecting.WithDeadline();
        Assert.Equal("first", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal(Payloads.Bytes(1000), (await client.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        client.Abort();
    }

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }
}
