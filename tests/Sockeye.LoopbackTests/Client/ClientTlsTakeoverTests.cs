using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>The boundary between the response and the first frames over TLS, wherever it is in the records.</summary>
public sealed class ClientTlsTakeoverTests
{
    /// <summary>Every kind of client with both versions of TLS, to the server and in the tunnel of a proxy.</summary>
    public static MatrixTheoryData<ClientKind, SslProtocols, bool> Kinds { get; } =
        new(Clients.Kinds, [SslProtocols.Tls12, SslProtocols.Tls13], [false, true]);

    /// <summary>And in records of which length the server sends.</summary>
    public static MatrixTheoryData<ClientKind, SslProtocols, bool, int> Records { get; } =
        new(Clients.Kinds, [SslProtocols.Tls12, SslProtocols.Tls13], [false, true], [1, 7, 1000, int.MaxValue]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_transport_is_that_of_the_client(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap _) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        await using WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal(kind.UsesEventLoop() ? typeof(TlsTransport) : typeof(StreamTransport), client.Core.Transport.GetType());
        client.Abort();
    }

    // Response and frames in one record, or in records that end anywhere; all in one segment.
    [Theory]
    [MemberData(nameof(Records))]
    public async Task Frames_behind_the_response_arrive_from_records_of_any_length(ClientKind kind, SslProtocols version, bool isTunneled, int recordLength)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap tap) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        byte[] first = First(await peer.ReadHeadAsync());
        tap.IsHolding = true;
        foreach (byte[] record in first.Chunk(recordLength))
        {
            await peer.SendAsync(record);
        }

        tap.IsHolding = false;
        await tap.SendAsync(tap.Take());

        await AssertFirstArriveAsync(await connecting.WithDeadline(), peer);
    }

    // The same, each record in a segment of its own.
    [Theory]
    [MemberData(nameof(Records))]
    public async Task Frames_behind_the_response_arrive_from_segments_of_any_length(ClientKind kind, SslProtocols version, bool isTunneled, int recordLength)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap _) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        foreach (byte[] record in First(await peer.ReadHeadAsync()).Chunk(recordLength))
        {
            await peer.SendAsync(record);
        }

        await AssertFirstArriveAsync(await connecting.WithDeadline(), peer);
    }

    // The first record of frames is cut off at each place: a part arrives with the response, the rest later.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_record_may_begin_with_the_response_and_end_later(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        foreach (int cut in (int[])[1, 4, 5, 6, 20, 100])
        {
            (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap tap) = await AcceptAsync(kind, version, isTunneled);
            using RawPeer end = peer;
            string request = await peer.ReadHeadAsync();
            tap.IsHolding = true;
            await peer.SendAsync(RawServer.Accepting(request));
            byte[] response = tap.Take();
            await peer.SendAsync(RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(200)));
            byte[] record = tap.Take();
            tap.IsHolding = false;

            await tap.SendAsync((byte[])[.. response, .. record[..cut]]);
            await using WebSocketConnection client = await connecting.WithDeadline();
            Task<WebSocketMessage> receiving = client.ReceiveMessageAsync().AsTask();
            Assert.False(receiving.IsCompleted);
            await tap.SendAsync(record.AsMemory(cut));

            Assert.Equal(Payloads.Bytes(200), (await receiving.WithDeadline()).Payload.ToArray());
            client.Abort();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_burst_of_megabytes_behind_the_response_arrives(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap _) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        var burst = new List<byte>(Encoding.ASCII.GetBytes(RawServer.Accepting(await peer.ReadHeadAsync())));
        for (int number = 0; number < 1000; number++)
        {
            burst.AddRange(RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(number * 5)));
        }

        Task sending = peer.SendAsync(burst.ToArray());
        await using WebSocketConnection client = await connecting.WithDeadline();

        for (int number = 0; number < 1000; number++)
        {
            Assert.Equal(Payloads.Bytes(number * 5), (await client.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        }

        await sending.WithDeadline();
        client.Abort();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task All_frames_of_a_server_that_ends_right_behind_them_arrive(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap tap) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        string request = await peer.ReadHeadAsync();
        tap.IsHolding = true;
        await peer.SendAsync(RawServer.Accepting(request) + "\u0081\u0003one\u0088\u0002\u0003\u00E8");
        await ((SslStream)peer.Stream).ShutdownAsync().WithDeadline();
        tap.IsHolding = false;
        await tap.SendAsync(tap.Take());
        peer.EndOutput();

        await using WebSocketConnection client = await connecting.WithDeadline();
        Assert.Equal("one", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Null(await client.ReceiveAsync().WithDeadline());
        WebSocketCloseResult closed = await client.Closed.WithDeadline();
        Assert.Equal((true, WebSocketCloseCode.NormalClosure, null), (closed.WasClean, closed.Code, closed.Exception));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_response_that_is_not_101_is_reported_with_its_body(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        foreach (string status in (string[])["401 Unauthorized", "307 There", "200 OK"])
        {
            (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap _) = await AcceptAsync(kind, version, isTunneled);
            using RawPeer end = peer;
            await peer.ReadHeadAsync();
            await peer.SendAsync($"HTTP/1.1 {status}\r\nLocation: /there\r\nContent-Length: 4\r\n\r\nno");
            await peer.SendAsync("pe");

            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

            Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
            Assert.Equal(int.Parse(status[..3], null), thrown.StatusCode);
            Assert.Equal("nope"u8.ToArray(), thrown.Body.ToArray());
            Assert.Equal("", await peer.ReadToEndAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_redirect_to_another_server_over_TLS_is_followed(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        using var elsewhere = new RawListener();
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap _) = await AcceptAsync(kind, version, isTunneled, maxRedirects: 1);
        using RawPeer end = peer;
        await peer.ReadHeadAsync();
        await peer.SendAsync($"HTTP/1.1 307 There\r\nLocation: wss://127.0.0.1:{elsewhere.Port}/there\r\nContent-Length: 0\r\n\r\n");

        (RawPeer second, CiphertextTap _) = await SecureAsync(elsewhere, version);
        using RawPeer otherEnd = second;
        string request = await second.ReadHeadAsync();
        await second.SendAsync(RawServer.Accepting(request) + "\u0081\u0004here");

        await using WebSocketConnection client = await connecting.WithDeadline();
        Assert.StartsWith("GET /there HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Equal("here", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        client.Abort();
    }

    // RFC 8446 §6.1: nothing tells whether the response is complete.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_server_that_is_cut_off_within_its_response_has_failed(ClientKind kind, SslProtocols version, bool isTunneled)
    {
        (Task<WebSocketConnection> connecting, RawPeer peer, CiphertextTap tap) = await AcceptAsync(kind, version, isTunneled);
        using RawPeer end = peer;
        string request = await peer.ReadHeadAsync();
        tap.IsHolding = true;
        await peer.SendAsync(RawServer.Accepting(request));
        tap.IsHolding = false;

        await tap.SendAsync(tap.Take().AsMemory()[..^1]);
        peer.EndOutput();

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal((WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response), (thrown.Error, thrown.Phase));
    }

    private static byte[] First(string request) =>
    [
        .. Encoding.ASCII.GetBytes(RawServer.Accepting(request)),
        .. RawFrame.Bytes(RawFrame.Text, "first"u8),
        .. RawFrame.Bytes(RawFrame.Ping, "still there"u8),
        .. RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(1000)),
    ];

    private static async Task AssertFirstArriveAsync(WebSocketConnection client, RawPeer peer)
    {
        Assert.Equal("first", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("still there", (await peer.ReadFrameAsync()).PayloadText);
        Assert.Equal(Payloads.Bytes(1000), (await client.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());

        // And later ones.
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Binary, Payloads.Bytes(100_000)));
        Assert.Equal(Payloads.Bytes(100_000), (await client.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        client.Abort();
    }

    private static async Task<(Task<WebSocketConnection> Connecting, RawPeer Peer, CiphertextTap Tap)> AcceptAsync(
        ClientKind kind, SslProtocols version, bool isTunneled, int maxRedirects = 0)
    {
        using var listener = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            isTunneled ? "wss://localhost/" : $"wss://127.0.0.1:{listener.Port}/",
            new WebSocketClientOptions
            {
                Tls = TestCertificate.ForClient(),
                Proxy = new WebProxy(new Uri($"http://127.0.0.1:{listener.Port}"), BypassOnLocal: false, [@"127\.0\.0\.1"]),
                UseEventLoop = kind.UsesEventLoop(),
                MaxRedirects = maxRedirects,
            });
        (RawPeer peer, CiphertextTap tap) = await SecureAsync(listener, version, isTunneled);
        return (connecting, peer, tap);
    }

    private static async Task<(RawPeer Peer, CiphertextTap Tap)> SecureAsync(
        RawListener listener, SslProtocols version, bool isTunneled = false)
    {
        RawPeer plain = await listener.AcceptAsync();
        if (isTunneled)
        {
            Assert.StartsWith("CONNECT localhost:443 ", await plain.ReadHeadAsync(), StringComparison.Ordinal);
            await plain.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        }

        var tap = new CiphertextTap(plain.Stream);
        var tls = new SslStream(tap);
        SslServerAuthenticationOptions options = TestCertificate.ForServer();
        options.EnabledSslProtocols = version;
        await tls.AuthenticateAsServerAsync(options).WithDeadline();
        return (plain.Over(tls), tap);
    }
}
