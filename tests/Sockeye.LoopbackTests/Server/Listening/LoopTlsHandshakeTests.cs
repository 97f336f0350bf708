using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Clients that do not finish the TLS handshake, or never begin one, and others beside them.</summary>
public sealed class LoopTlsHandshakeTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<WebSocketHandshakeFailure> _failures = new();

    /// <summary>Where a client stops: the share of its ClientHello that it sends, and the version that it wants.</summary>
    public static TheoryData<ServerKind, double, SslProtocols> Stops
    {
        get
        {
            TheoryData<ServerKind, double, SslProtocols> stops = [];
            foreach (ServerKind kind in (ServerKind[])[ServerKind.Tls, ServerKind.TlsEventLoop, ServerKind.OpenSslEventLoop])
            {
                stops.Add(new TheoryDataRow<ServerKind, double, SslProtocols>(kind, 0, SslProtocols.Tls13) { Skip = kind.WhyNot() });
                stops.Add(new TheoryDataRow<ServerKind, double, SslProtocols>(kind, 0.01, SslProtocols.Tls13) { Skip = kind.WhyNot() });
                stops.Add(new TheoryDataRow<ServerKind, double, SslProtocols>(kind, 0.5, SslProtocols.Tls13) { Skip = kind.WhyNot() });
                stops.Add(new TheoryDataRow<ServerKind, double, SslProtocols>(kind, 1, SslProtocols.Tls12) { Skip = kind.WhyNot() });
                stops.Add(new TheoryDataRow<ServerKind, double, SslProtocols>(kind, 1, SslProtocols.Tls13) { Skip = kind.WhyNot() });
            }

            return stops;
        }
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public async Task A_client_that_stops_is_dropped_at_the_deadline_and_holds_nobody_up(ServerKind kind, double share, SslProtocols version)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer stopped = await StopAsync(server, share, version);

        await AssertServesAsync(server);
        _time.Advance(TimeSpan.FromSeconds(9));
        await AssertServesAsync(server);
        Assert.Equal(1, server.PendingHandshakeCount);
        Assert.Empty(_failures);
        _time.Advance(TimeSpan.FromSeconds(2));

        await stopped.Stream.ReadToEndAsync();
        await Deadlines.UntilAsync(
            () =>
            {
                // One that does not disconnect is given a little more time.
                _time.Advance(TimeSpan.FromSeconds(1));
                return server.PendingHandshakeCount == 0;
            },
            "nothing is left of it");
        Assert.Equal(WebSocketTlsFailure.TimedOut, Assert.Single(_failures).TlsFailure);
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public async Task A_client_that_disconnects_leaves_nothing(ServerKind kind, double share, SslProtocols version)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer stopped = await StopAsync(server, share, version);

        stopped.EndOutput();

        await Deadlines.UntilAsync(() => !_failures.IsEmpty, "the failure is reported");
        Assert.Equal(WebSocketTlsFailure.ConnectionClosed, Assert.Single(_failures).TlsFailure);
        stopped.Dispose();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
        await AssertServesAsync(server);
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public async Task A_client_that_resets_leaves_nothing(ServerKind kind, double share, SslProtocols version)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer stopped = await StopAsync(server, share, version);

        stopped.Reset();

        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
        await AssertServesAsync(server);
        Assert.Equal(WebSocketHandshakeError.TlsFailed, Assert.Single(_failures).Error);
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public async Task A_stop_ends_handshakes_at_once(ServerKind kind, double share, SslProtocols version)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer stopped = await StopAsync(server, share, version);

        // The clock stands still.
        await server.StopAsync().WithDeadline();

        await stopped.Stream.ReadToEndAsync();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
    }

    // No record of TLS, or one that is not followed by what it announces: RFC 8446 §5.1, §4.
    [Theory]
    [EachServer("00", IsSecure = true)]
    [EachServer("80 2E 01 0301 0015 0000 0010", IsSecure = true)]
    [EachServer("16 0301 0000", IsSecure = true)]
    [EachServer("16 0301 0004 02 000000", IsSecure = true)]
    [EachServer("16 0301 FFFF 01", IsSecure = true)]
    [EachServer("17 0303 0005 0102030405", IsSecure = true)]
    [EachServer("16 0301 0008 01 000004 DEADBEEF", IsSecure = true)]
    [EachServer("16 0301 0005 01 000001 FF 16 0301 0005 01 000001 FF", IsSecure = true)]
    public async Task Garbage_ends_its_own_client_only(ServerKind kind, string hex)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(Wire.Bytes(hex));
        client.EndOutput();

        byte[] answer = await client.Stream.ReadToEndAsync();

        // Nothing, or an alert.
        Assert.True(answer.Length == 0 || answer[0] == TlsRecord.Alert, Convert.ToHexString(answer));
        await Deadlines.UntilAsync(() => !_failures.IsEmpty, "the failure is reported");
        Assert.Equal(WebSocketHandshakeError.TlsFailed, Assert.Single(_failures).Error);
        client.Dispose();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
        await AssertServesAsync(server);
    }

    [Theory]
    [EachServer(1, IsSecure = true)]
    [EachServer(2, IsSecure = true)]
    [EachServer(1000, IsSecure = true)]
    public async Task Plain_HTTP_gets_400_in_pieces_of_any_length(ServerKind kind, int pieceLength)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        var pieces = new CiphertextTap(client.Stream) { PieceLength = pieceLength };

        // The server may have answered before it has all of it.
        Task sending = pieces.SendAsync(System.Text.Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("this port speaks TLS: use wss or https\n", answer, StringComparison.Ordinal);
        await sending.WithDeadline();
        Assert.Equal(WebSocketTlsFailure.PlainHttp, Assert.Single(_failures).TlsFailure);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task Two_thousand_half_open_handshakes_give_way_to_a_client(ServerKind kind)
    {
        const int Count = 2_000;
        Assert.SkipUnless(DescriptorLimit.Read() > 4 * Count, "There are too few descriptors.");
        await using WebSocketServer server = await StartAsync(
            kind, options => options with { MaxPendingHandshakes = Count, MaxPendingHandshakesPerAddress = Count });
        byte[] hello = ClientHello(SslProtocols.Tls13);
        var halves = new List<Socket>();
        try
        {
            for (int number = 0; number < Count; number++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                halves.Add(socket);
                await socket.ConnectAsync(server.LocalEndPoint);

                // All of it, a half, and nothing.
                await socket.SendAsync(hello.AsMemory(0, hello.Length * (number % 3) / 2));
            }

            await Deadlines.UntilAsync(() => server.PendingHandshakeCount == Count, "all have begun");
            _time.Advance(TimeSpan.FromSeconds(2));

            for (int number = 0; number < 10; number++)
            {
                await AssertServesAsync(server);
            }

            Assert.InRange(server.PendingHandshakeCount, Count - 11, Count);
        }
        finally
        {
            halves.ForEach(static socket => socket.Dispose());
        }

        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of them");
    }

    // RFC 7301 §3.2 and RFC 8446 §6.2: a fatal alert, no_application_protocol (0x78) or protocol_version (0x46).
    [Theory]
    [EachServer(SslProtocols.Tls13, "h2", "15 0303 0002 02 78", IsSecure = true)]
    [EachServer(SslProtocols.Tls12, "h2", "15 0303 0002 02 78", IsSecure = true)]
    [EachServer(SslProtocols.Tls12, "http/1.1", "15 0303 0002 02 46", IsSecure = true)]
    public async Task A_client_without_a_common_protocol_reads_an_alert(ServerKind kind, SslProtocols version, string protocol, string alert)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.ApplicationProtocols = [SslApplicationProtocol.Http11];
        tls.EnabledSslProtocols = protocol == "h2" ? SslProtocols.None : SslProtocols.Tls13;
        await using WebSocketServer server = await StartAsync(kind, options => options with { Tls = tls });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(ClientHello(version, protocol));
        byte[] answer = await client.Stream.ReadToEndAsync();

        Assert.Equal(Wire.Bytes(alert), answer);
        await Deadlines.UntilAsync(() => !_failures.IsEmpty, "the failure is reported");
        Assert.Equal(WebSocketTlsFailure.NoCommonParameters, Assert.Single(_failures).TlsFailure);
        client.Dispose();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
    }

    [Theory]
    [EachServer(SslProtocols.Tls12, IsSecure = true)]
    [EachServer(SslProtocols.Tls13, IsSecure = true)]
    public async Task A_handshake_and_a_request_byte_by_byte_are_served(ServerKind kind, SslProtocols version)
    {
        await using WebSocketServer server = await StartAsync(kind);
        RawPeer plain = await RawPeer.ConnectAsync(server.LocalEndPoint);
        var tls = new SslStream(new CiphertextTap(plain.Stream) { PieceLength = 1 });
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.EnabledSslProtocols = version;
        await tls.AuthenticateAsClientAsync(options).WithDeadline();
        using RawPeer client = plain.Over(tls);

        foreach (char next in RawPeer.Request())
        {
            await client.SendAsync($"{next}");
        }

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Empty(_failures);
    }

    private static byte[] ClientHello(SslProtocols version, string? protocol = null)
    {
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.EnabledSslProtocols = version;
        options.ApplicationProtocols = protocol is null ? null : [new SslApplicationProtocol(protocol)];
        using TlsEnd client = TlsEnd.Client(options);
        byte[] hello = client.Take();
        Assert.Equal(TlsRecord.Handshake, hello[0]);
        return hello;
    }

    private static async Task AssertServesAsync(WebSocketServer server)
    {
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: "wss"),
            new WebSocketClientOptions { Tls = TestCertificate.ForClient(), LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 0) }).WithDeadline();
        await client.SendAsync("served");
        Assert.Equal("served", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        await client.CloseAsync().WithDeadline();
    }

    // Returns when the server has all that the client sends, and has answered to a whole ClientHello.
    private static async Task<RawPeer> StopAsync(WebSocketServer server, double share, SslProtocols version)
    {
        RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        byte[] hello = ClientHello(version);
        await client.SendAsync(hello.AsMemory(0, (int)Math.Ceiling(hello.Length * share)));
        if (share == 1)
        {
            byte[] answer = new byte[1];
            await client.Stream.ReadExactlyAsync(answer).WithDeadline();
            Assert.Equal(TlsRecord.Handshake, answer[0]);

            // All of it: what is left unread would make a reset of the end.
            byte[] rest = new byte[16 * 1024];
            do
            {
                Assert.NotEqual(0, await client.Stream.ReadAsync(rest).WithDeadline());
            }
            while (client.HasReceived);
        }

        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1, "it is accepted");
        return client;
    }

    private Task<WebSocketServer> StartAsync(ServerKind kind, Func<WebSocketServerOptions, WebSocketServerOptions>? change = null)
    {
        WebSocketServerOptions options = Servers.OptionsOf(kind) with
        {
            TimeProvider = _time,
            OnHandshakeFailed = failure =>
            {
                _failures.Enqueue(failure);
                return null;
            },
        };
        return Servers.StartEchoAsync(change?.Invoke(options) ?? options);
    }
}
