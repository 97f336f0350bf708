using System.Net;
using System.Text;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>The boundary between the response and the first frames.</summary>
public sealed class ClientTakeoverTests
{
    private const int LargeLength = 300_000;

    // Within the 16 KiB that a client takes, and beyond what it reads at once.
    private static readonly string LongHeaders =
        string.Concat(Enumerable.Range(0, 300).Select(number => $"X-Header-{number}: {new string('x', 30)}\r\n"));

    [Theory]
    [EachClient("\r\n", 1)]
    [EachClient("\r\n", 100_000)]
    [EachClient("\n", 1)]
    [EachClient("\n", 7)]
    [EachClient("\n", 100_000)]
    public async Task Frames_after_the_response_are_delivered_for_every_line_ending(
        ClientKind kind, string newLine, int pieceLength)
    {
        await AssertFramesArriveAsync(
            kind, request => RawServer.Accepting(request).ReplaceLineEndings(newLine), pieceLength);
    }

    [Theory]
    [EachClient("HTTP/1.1 100 Continue\r\n\r\n", 100_000)]
    [EachClient("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100_000)]
    [EachClient("HTTP/1.1 102 Processing\n\nHTTP/1.1 103 Early Hints\nLink: </a>\n\n", 100_000)]
    [EachClient("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 1)]
    public async Task Frames_after_the_response_are_delivered_after_interim_responses_in_one_read(
        ClientKind kind, string interim, int pieceLength)
    {
        await AssertFramesArriveAsync(kind, request => interim + RawServer.Accepting(request), pieceLength);
    }

    // CT-08: as many as are taken. White space before a colon is no server's to send (RFC 9112 §5.1), and harms no client.
    [Theory]
    [EachClient("HTTP/1.1 103 Early Hints\r\nLink : </a>\r\n\r\n")]
    [EachClient("HTTP/1.1 100\r\n\r\n")]
    public async Task Frames_after_the_response_are_delivered_after_eight_interim_responses(ClientKind kind, string interim)
    {
        string eight = string.Concat(Enumerable.Repeat(interim, 8));

        await AssertFramesArriveAsync(kind, request => eight + RawServer.Accepting(request), pieceLength: 1);
        await AssertFramesArriveAsync(kind, request => eight + RawServer.Accepting(request), pieceLength: 100_000);
    }

    [Theory]
    [EachClient(999)]
    [EachClient(1_000_000)]
    public async Task Frames_after_a_long_response_are_delivered(ClientKind kind, int pieceLength)
    {
        await AssertFramesArriveAsync(
            kind, request => RawServer.Accepting(request).Insert(34, LongHeaders), pieceLength);
    }

    [Theory]
    [EachClient]
    public async Task A_complete_response_above_the_head_limit_fails(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, LongHeaders.TrimEnd(), LongHeaders.TrimEnd()));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.HeadTooLong, thrown.Error);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task All_frames_of_a_server_that_closes_right_after_them_are_delivered(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request) + "\u0081\u0003one\u0088\u0002\u0003\u00E8");
        peer.EndOutput();
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal("one", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Null(await client.ReceiveAsync().WithDeadline());
        WebSocketCloseResult result = await client.Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.NormalClosure, result.Code);
        Assert.True(result.WasClean);
    }

    [Theory]
    [EachClient]
    public async Task Sends_in_OnOpen_precede_replies_to_frames_that_arrived_with_the_response(ClientKind kind)
    {
        using var server = new RawServer();
        var handler = new CallbackHandler
        {
            Opened = connection => connection.TrySend([0], WebSocketMessageKind.Binary),
            Received = (connection, payload) => connection.TrySend(payload, WebSocketMessageKind.Binary),
        };
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, handler, kind.Options());
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request) + "\u0082\u0001\u0001\u0082\u0001\u0002");
        foreach (byte expected in new byte[] { 0, 1, 2 })
        {
            Assert.Equal([expected], (await peer.ReadFrameAsync()).Payload);
        }

        (await connecting.WithDeadline()).Abort();
    }

    [Theory]
    [EachClient]
    public async Task A_logger_factory_that_throws_leaks_no_connection(ClientKind kind)
    {
        using var server = new RawServer();
        WebSocketClientOptions options = new()
        {
            UseEventLoop = kind.UsesEventLoop(),
            LoggerFactory = new ThrowingLoggerFactory { RefusesLoggers = true },
        };
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, options);

        using RawPeer peer = await server.OpenAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting.WithDeadline());
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task A_redirect_is_not_followed(ClientKind kind)
    {
        using var server = new RawServer();
        using var elsewhere = new RawServer();
        Task<(RawPeer, string)> followed = elsewhere.AcceptAsync();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync($"HTTP/1.1 307 There\r\nLocation: {elsewhere.Address}\r\nContent-Length: 5\r\n\r\nthere");

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(307, thrown.StatusCode);
        Assert.Equal("there"u8.ToArray(), thrown.Body.ToArray());
        Assert.Equal("", await peer.ReadToEndAsync());
        Assert.False(followed.IsCompleted);
        elsewhere.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => followed);
    }

    // Only one address of the name has a listener.
    [Theory]
    [EachClient("127.0.0.1")]
    [EachClient("::1")]
    public async Task A_name_with_several_addresses_connects_to_the_reachable_one(ClientKind kind, string address)
    {
        IPAddress[] addresses = await Dns.GetHostAddressesAsync("localhost", TestContext.Current.CancellationToken);
        Assert.SkipUnless(addresses.Contains(IPAddress.Parse(address)), "This machine has another localhost.");
        using var server = new RawServer(IPAddress.Parse(address));
        Task<WebSocketConnection> connecting =
            WebSocketClient.ConnectAsync($"ws://localhost:{server.Address.Port}/", kind.Options());

        using RawPeer peer = await server.OpenAsync();
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), server.Address.Port), client.RemoteEndPoint);
        Assert.Equal(peer.RemoteEndPoint, client.LocalEndPoint);
        client.Abort();
    }

    [Theory]
    [EachClient]
    public async Task An_IPv6_address_connects_and_is_reported_as_IPv6(ClientKind kind)
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "This machine has no IPv6.");
        using var server = new RawServer(IPAddress.IPv6Loopback);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());

        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal($"[::1]:{server.Address.Port}", RawServer.Header(request, "Host"));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, server.Address.Port), client.RemoteEndPoint);
        client.Abort();
    }

    private static async Task AssertFramesArriveAsync(ClientKind kind, Func<string, string> answer, int pieceLength)
    {
        await AssertFramesArriveAsync(kind, answer, pieceLength, isTunneled: false);
        await AssertFramesArriveAsync(kind, answer, pieceLength, isTunneled: true);
    }

    private static async Task AssertFramesArriveAsync(
        ClientKind kind, Func<string, string> answer, int pieceLength, bool isTunneled)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            isTunneled ? new Uri("ws://example.invalid/") : server.Address,
            kind.Options() with { Proxy = isTunneled ? new WebProxy($"http://{server.Address.Authority}") : null });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        if (isTunneled)
        {
            await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
            request = await peer.ReadHeadAsync();
        }

        byte[] first =
        [
            .. Encoding.ASCII.GetBytes(answer(request)),
            .. RawFrame.Bytes(RawFrame.Text, "first"u8),
            .. RawFrame.Bytes(RawFrame.Ping, "still there"u8),
        ];

        foreach (byte[] piece in first.Chunk(pieceLength))
        {
            await peer.SendAsync(piece);
        }

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(LargeLength)));
        WebSocketConnection client = await connecting.WithDeadline();
        Assert.Equal(
            kind.UsesEventLoop() ? typeof(EventLoopTransport) : typeof(StreamTransport), client.Core.Transport.GetType());
        Assert.Equal("first", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("still there", (await peer.ReadFrameAsync()).PayloadText);
        WebSocketMessage large = await client.ReceiveMessageAsync().WithDeadline();
        Assert.True(Payloads.Bytes(LargeLength).AsSpan().SequenceEqual(large.Payload.Span));
        client.Abort();
    }
}
