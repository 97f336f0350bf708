namespace Sockeye.Tests;

/// <summary>What a client can put into the log of a server: a rejected origin or host, escaped, and nothing else.</summary>
public sealed class ServerLogTests
{
    // Colours a terminal, begins a line and turns the direction of writing, where those bytes may stand.
    private const string Marker = "marked";
    private const string Trick = Marker + "\x1B[31m\r\n\u202E";

    [Theory]
    [EachServer]
    public async Task An_unexpected_handshake_error_is_logged_and_ends_only_that_handshake(ServerKind kind)
    {
        const int LengthOfPartialHead = 8192;
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            LoggerFactory = log,
            Pool = new CountingPool { LengthNotToBeHad = LengthOfPartialHead },
        });
        using (RawPeer unlucky = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint))
        {
            await unlucky.SendAsync("GET / HT");
            await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 111), "the error is logged");
        }

        Assert.IsType<InsufficientMemoryException>(log.Entries.Single(entry => entry.EventId == 111).Exception);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing of the handshake is left");
        await using WebSocketConnection next = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejected_origin_is_the_only_client_text_in_the_log(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            LoggerFactory = log,
            OnUpgrade = static (request, _) => new(
                request.Path == "/" ? WebSocketUpgradeDecision.Accept() : WebSocketUpgradeDecision.Reject(403, request.Path)),
        });

        string escaped = Uri.EscapeDataString(Trick);
        foreach (string request in new[]
        {
            RawPeer.Request("/" + escaped, "Sec-WebSocket-Protocol: " + Marker),
            RawPeer.Request("/" + escaped + "?access_token=" + Marker),
            RawPeer.Request("/", "Sec-WebSocket-Protocol: " + Marker + " " + Marker),
            RawPeer.Request("/", "Origin: https://" + Marker + ".example"),
            RawPeer.Request("/", "Authorization: Bearer " + Marker).Replace("HTTP/1.1", Marker, StringComparison.Ordinal),
            RawPeer.Request("/", Trick),
        })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(request);
            Assert.StartsWith("HTTP/1.1 4", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }

        using RawPeer open = await RawPeer.OpenAsync(server.LocalEndPoint, "/?access_token=" + Marker, "Cookie: a=" + Marker);
        byte[] reason = System.Text.Encoding.UTF8.GetBytes(Trick);
        await open.SendMaskedAsync(RawFrame.Close, [0x0F, 0xA0, .. reason]);
        await open.ReadFrameAsync();
        open.Dispose();

        await Deadlines.UntilAsync(() => server.ConnectionCount == 0, "the connection is over");
        Assert.True(log.Entries.Count > 6);
        Assert.EndsWith(
            "with 403: OriginNotAllowed: the origin 'https://marked.example' is not the server's own, 'http://localhost', "
            + "and no other is allowed",
            Assert.Single(log.Entries, entry => (entry.Message + entry.Exception).Contains(Marker, StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);
    }
}
