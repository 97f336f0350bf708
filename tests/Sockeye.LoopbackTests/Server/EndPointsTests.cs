using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>One server on several addresses, each with or without TLS.</summary>
public sealed class EndPointsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}");

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_server_listens_on_tcp_tls_and_a_unix_socket_at_once(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            EndPoints =
            [
                new WebSocketEndPoint(Servers.Loopback),
                new WebSocketEndPoint(Servers.Loopback) { Tls = TestCertificate.ForServer() },
                new WebSocketEndPoint(new UnixDomainSocketEndPoint(_path)),
            ],
        });

        Assert.Equal(3, server.LocalEndPoints.Count);
        Assert.Equal(server.LocalEndPoint, server.LocalEndPoints[0]);
        using RawPeer plain = await RawPeer.OpenAsync(server.LocalEndPoints[0]);
        await using WebSocketConnection secure = await WebSocketClient.ConnectAsync(
            new Uri($"wss://{server.LocalEndPoints[1]}/"), new WebSocketClientOptions { Tls = TestCertificate.ForClient() });
        using RawPeer unix = await RawPeer.OpenAsync(server.LocalEndPoints[2]);

        Assert.Equal(3, server.GetConnections().Count);
        Assert.Single(server.GetConnections(), connection => connection.Request!.IsSecure);
        plain.Dispose();
        unix.Dispose();
        await server.StopAsync().WithDeadline();
        Assert.False(File.Exists(_path));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task An_address_in_use_is_named_and_the_other_addresses_are_released(ServerKind kind)
    {
        await using WebSocketServer first = await Servers.StartEchoAsync(kind);
        var unix = new UnixDomainSocketEndPoint(_path);

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => Servers.StartEchoAsync(
            new WebSocketServerOptions
            {
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                EndPoints = [new WebSocketEndPoint(unix), new WebSocketEndPoint(first.LocalEndPoint)],
            }));

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.Contains(first.LocalEndPoint.ToString()!, thrown.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task IPv6Any_can_exclude_IPv4()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoints = [new WebSocketEndPoint(new IPEndPoint(IPAddress.IPv6Any, 0)) { DualStack = false }],
        });

        using RawPeer six = await RawPeer.OpenAsync(new IPEndPoint(IPAddress.IPv6Loopback, server.Port));
        await Assert.ThrowsAsync<SocketException>(
            () => RawPeer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port)));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Backlog_limits_the_waiting_connections(ServerKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems don't tell how a socket is set.");
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), Backlog = 7 });

        Assert.Equal(7u, Descriptors.BacklogOf(Descriptors.Of((IPEndPoint)server.LocalEndPoint)));
    }

    [Fact]
    public void An_unsupported_address_and_a_zero_backlog_throw()
    {
        Assert.Throws<ArgumentException>(() => new WebSocketEndPoint(new DnsEndPoint("localhost", 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { Backlog = 0 });
        Assert.Equal(4096, new WebSocketServerOptions().Backlog);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task The_requested_host_name_selects_the_certificate_and_is_shown_to_the_application(ServerKind kind)
    {
        WebSocketTlsInformation? seen = null;
        using X509Certificate2 one = TestCertificate.MakeFor("one.example");
        using X509Certificate2 other = TestCertificate.MakeFor("other.example");
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            SelectTls = (hello, _) => new(new SslServerAuthenticationOptions
            {
                ServerCertificate = hello.ServerName == "one.example" ? one : other,
            }),
            OnUpgrade = (request, _) =>
            {
                seen = request.Tls;
                return new(WebSocketUpgradeDecision.Accept());
            },
        });

        Assert.Equal(one.Thumbprint, await ServedCertificateAsync(server, "one.example"));
        Assert.Equal("one.example", seen!.ServerName);
        Assert.NotEqual(System.Security.Authentication.SslProtocols.None, seen.Protocol);
        Assert.NotEqual(default, seen.CipherSuite);
        Assert.Null(seen.ClientCertificate);
        Assert.Equal(other.Thumbprint, await ServedCertificateAsync(server, "other.example"));
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task A_certificate_is_replaced_without_affecting_open_connections(ServerKind kind)
    {
        X509Certificate2 current = TestCertificate.MakeFor("one.example");
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            SelectTls = (_, _) => new(new SslServerAuthenticationOptions { ServerCertificate = Volatile.Read(ref current) }),
        });
        string first = current.Thumbprint;
        await using WebSocketConnection open = await WebSocketClient.ConnectAsync(
            server.Address(scheme: "wss"), new WebSocketClientOptions { Tls = Trusting(_ => { }, "one.example") });

        Assert.Equal(first, await ServedCertificateAsync(server, "one.example"));
        Volatile.Write(ref current, TestCertificate.MakeFor("one.example"));

        Assert.Equal(current.Thumbprint, await ServedCertificateAsync(server, "one.example"));
        await open.SendAsync("still here");
        Assert.Equal("still here", (await open.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task A_certificate_selection_that_throws_drops_only_its_client_and_is_reported(ServerKind kind)
    {
        WebSocketHandshakeFailure? failure = null;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            SelectTls = (hello, _) => hello.ServerName == "localhost"
                ? new(TestCertificate.ForServer())
                : throw new InvalidOperationException("no such host"),
            OnHandshakeFailed = told =>
            {
                failure = told;
                return null;
            },
        });

        await Assert.ThrowsAnyAsync<Exception>(() => ServedCertificateAsync(server, "unknown.example"));
        await Deadlines.UntilAsync(() => failure is not null, "the failure is reported");
        Assert.Equal(WebSocketHandshakeError.TlsFailed, failure!.Error);
        Assert.NotNull(failure.Exception);
        Assert.Null(failure.Request);
        using RawPeer client = await RawPeer.ConnectTlsAsync(server.LocalEndPoint);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task The_application_gets_the_client_certificate(ServerKind kind)
    {
        using X509Certificate2 mine = TestCertificate.MakeFor("client.example");
        string? seen = null;
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.ClientCertificateRequired = true;
        tls.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = tls,
            OnUpgrade = (request, _) =>
            {
                seen = request.Tls!.ClientCertificate?.Thumbprint;
                return new(WebSocketUpgradeDecision.Accept());
            },
        });
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.ClientCertificates = [mine];
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => mine;

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(scheme: "wss"), new WebSocketClientOptions { Tls = options });

        Assert.Equal(mine.Thumbprint, seen);
        Assert.Equal(mine.Thumbprint, Assert.Single(server.GetConnections()).Request!.Tls!.ClientCertificate!.Thumbprint);
    }

    public void Dispose() => File.Delete(_path);

    private static async Task<string> ServedCertificateAsync(WebSocketServer server, string host)
    {
        string? served = null;
        using RawPeer client =
            await RawPeer.ConnectTlsAsync(server.LocalEndPoint, Trusting(thumbprint => served = thumbprint, host));
        await client.SendAsync(RawPeer.Request());
        await client.ReadHeadAsync();
        return served!;
    }

    private static SslClientAuthenticationOptions Trusting(Action<string> seen, string host) => new()
    {
        TargetHost = host,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            seen(certificate!.GetCertHashString());
            return certificate.Subject == "CN=" + host;
        },
    };
}
