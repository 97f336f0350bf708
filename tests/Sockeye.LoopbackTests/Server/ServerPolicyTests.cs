using System.Net;

namespace Sockeye.Tests;

/// <summary>Which clients a server accepts: by origin, host, address and number.</summary>
public sealed class ServerPolicyTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}");

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Only_listed_origins_and_hosts_are_accepted(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            AllowedOrigins = ["https://*.good.example"],
            AllowedHosts = ["localhost"],
        });

        Assert.Equal(101, await StatusAsync(server, "Origin: https://a.good.example"));
        Assert.Equal(403, await StatusAsync(server, "Origin: https://a.evil.example"));
        using RawPeer rebound = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await rebound.SendAsync(RawPeer.Request().Replace("Host: localhost", "Host: evil.example", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 421 Misdirected Request\r\n", await rebound.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_invalid_host_and_a_wildcard_that_is_too_wide_throw_when_set()
    {
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.AllowedHosts), () => new WebSocketServerOptions { AllowedHosts = ["http://a"] });
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.AllowedHosts), () => new WebSocketServerOptions { AllowedHosts = ["*.com"] });
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.AllowedOrigins), () => new WebSocketServerOptions { AllowedOrigins = ["https://*.com"] });
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Forwarded_headers_of_a_trusted_proxy_are_used(ServerKind kind)
    {
        string[] forwarded = ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "Origin: https://localhost"];
        WebSocketUpgradeRequest? seen = null;
        var options = (IPNetwork[] trusted) => new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TrustedProxies = trusted,
            OnUpgrade = (request, _) =>
            {
                seen = request;
                return new(WebSocketUpgradeDecision.Accept());
            },
        };
        await using WebSocketServer trusting = await Servers.StartEchoAsync(options([IPNetwork.Parse("127.0.0.0/8")]));
        await using WebSocketServer wary = await Servers.StartEchoAsync(options([]));

        Assert.Equal(101, await StatusAsync(trusting, forwarded));
        Assert.Equal(IPAddress.Parse("1.2.3.4"), seen!.ClientIPAddress);
        Assert.True(seen.IsSecure);
        Assert.Equal(IPAddress.Loopback, Assert.IsType<IPEndPoint>(seen.RemoteEndPoint).Address);
        Assert.Equal(403, await StatusAsync(wary, forwarded));
        Assert.Equal(101, await StatusAsync(wary, forwarded[..2]));
        Assert.Equal(IPAddress.Loopback, seen.ClientIPAddress);
        Assert.False(seen.IsSecure);
    }

    [Fact]
    public async Task A_proxy_that_uses_TLS_only_to_the_server_forwards_the_http_scheme()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            Tls = TestCertificate.ForServer(),
            TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")],
            OnUpgrade = (request, _) => new(WebSocketUpgradeDecision.Reject(request.IsSecure ? 402 : 404)),
        });

        Assert.Equal(402, await StatusAsync("https://localhost"));
        Assert.Equal(404, await StatusAsync("http://localhost", KeyValuePair.Create("X-Forwarded-Proto", "http")));
        Assert.Equal(403, await StatusAsync("https://localhost", KeyValuePair.Create("X-Forwarded-Proto", "http")));

        async Task<int?> StatusAsync(string origin, params KeyValuePair<string, string>[] headers)
        {
            var options = new WebSocketClientOptions
            {
                Tls = TestCertificate.ForClient(),
                Host = "localhost",
                Origin = origin,
                RequestHeaders = [.. headers],
            };
            return (await Assert.ThrowsAsync<WebSocketHandshakeException>(
                () => WebSocketClient.ConnectAsync(server.Address(scheme: "wss"), options))).StatusCode;
        }
    }

    [Fact]
    public async Task A_proxy_on_a_unix_socket_can_be_trusted()
    {
        IPAddress? seen = null;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = new System.Net.Sockets.UnixDomainSocketEndPoint(_path),
            TrustUnixSocketProxies = true,
            ForwardedHeader = WebSocketForwardedHeader.Forwarded,
            OnUpgrade = (request, _) =>
            {
                seen = request.ClientIPAddress;
                return new(WebSocketUpgradeDecision.Accept());
            },
        });

        Assert.Equal(101, await StatusAsync(server, "Forwarded: for=\"[2001:db8::1]\""));
        Assert.Equal(IPAddress.Parse("2001:db8::1"), seen);
    }

    [Theory]
    [EachServer]
    public async Task A_connection_above_MaxConnections_gets_503_until_another_ends(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            MaxConnections = 2,
        });
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        Uri address = server.Address(scheme: kind.Scheme());
        await using WebSocketConnection one = await WebSocketClient.ConnectAsync(address, options);
        await using WebSocketConnection two = await WebSocketClient.ConnectAsync(address, options);

        for (int again = 0; again < 3; again++)
        {
            WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
                () => WebSocketClient.ConnectAsync(address, options));
            Assert.Equal(503, refused.StatusCode);
        }

        await two.CloseAsync();
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 1, "the place is free");
        await using WebSocketConnection three = await WebSocketClient.ConnectAsync(address, options);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task MaxConnectionsPerAddress_limits_each_address_separately(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")],
            MaxConnectionsPerAddress = 1,
        });

        using RawPeer one = await RawPeer.OpenAsync(server.LocalEndPoint, "/", "X-Forwarded-For: 2001:db8:0:1::1");
        Assert.Equal(429, await StatusAsync(server, "X-Forwarded-For: 2001:db8:0:1::2"));
        Assert.Equal(429, await StatusAsync(server, "X-Forwarded-For: 9.9.9.9, 2001:db8:0:1::3"));
        Assert.Equal(101, await StatusAsync(server, "X-Forwarded-For: 2001:db8:0:2::1"));
        one.Dispose();
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the places are free");
        Assert.Equal(101, await StatusAsync(server, "X-Forwarded-For: 2001:db8:0:1::2"));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejection_by_the_application_does_not_count_as_a_connection(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            MaxConnections = 1,
            OnUpgrade = static (request, _) => new(
                request.Path == "/in" ? WebSocketUpgradeDecision.Accept() : WebSocketUpgradeDecision.Reject(401)),
        });

        for (int again = 0; again < 5; again++)
        {
            Assert.Equal(401, await StatusAsync(server));
        }

        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint, "/in");
    }

    [Theory]
    [EachServer]
    public async Task Clients_above_MaxPendingHandshakes_wait_to_be_accepted(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            MaxPendingHandshakes = 2,
        });
        using RawPeer silent = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer other = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");

        Task<WebSocketConnection> waiting = WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
        await Deadlines.StaysIncompleteAsync(waiting);
        silent.Dispose();

        await using WebSocketConnection connection = await waiting.WithDeadline();
        await connection.SendAsync("hi");
        Assert.Equal("hi", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_client_behind_a_trusted_proxy_cannot_forge_its_address(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")],
            MaxConnectionsPerAddress = 1,
        });

        // The proxy adds the address that it sees to a list that the client has begun, and knows nothing of the other header.
        using RawPeer one = await RawPeer.OpenAsync(server.LocalEndPoint, "/", "X-Forwarded-For: 192.0.2.1");
        Assert.Equal(429, await StatusAsync(server, "X-Forwarded-For: 198.51.100.1, 192.0.2.1"));
        Assert.Equal(429, await StatusAsync(server, "Forwarded: for=198.51.100.1", "X-Forwarded-For: 192.0.2.1"));
        Assert.Equal(429, await StatusAsync(server, "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: ::ffff:192.0.2.1"));
    }

    [Fact]
    public void Caps_below_one_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { MaxConnections = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { MaxConnectionsPerAddress = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { MaxPendingHandshakes = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new WebSocketServerOptions { ForwardedHeader = (WebSocketForwardedHeader)2 });
    }

    public void Dispose() => File.Delete(_path);

    private static async Task<int> StatusAsync(WebSocketServer server, params string[] headers)
    {
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request("/", headers));
        return int.Parse((await client.ReadHeadAsync()).Split(' ')[1], null);
    }
}
