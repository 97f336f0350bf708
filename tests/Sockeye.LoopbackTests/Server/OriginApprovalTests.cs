using System.Collections.Concurrent;
using System.Text;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>Origins that the application decides about, and how rejected ones are reported (RFC 6455 §10.2).</summary>
public sealed class OriginApprovalTests
{
    [Theory]
    [EachServer]
    public async Task IsOriginAllowed_decides_about_unlisted_cross_origins(ServerKind kind)
    {
        var asked = new ConcurrentQueue<string>();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            AllowedOrigins = ["https://listed.example"],
            IsOriginAllowed = (origin, request) =>
            {
                asked.Enqueue($"{origin} {request.Path} {request.Origin}");
                return origin == "app://device/1";
            },
        });
        string own = kind.IsSecure() ? "https://localhost" : "http://localhost";

        Assert.Equal(101, await StatusAsync(server, kind, "/", "Origin: app://device/1"));
        Assert.Equal(403, await StatusAsync(server, kind, "/a", "Origin: app://device/2"));
        Assert.Equal(403, await StatusAsync(server, kind, "/", "Origin: null"));
        Assert.Equal(101, await StatusAsync(server, kind, "/", "Origin: https://listed.example"));
        Assert.Equal(101, await StatusAsync(server, kind, "/", "Origin: " + own));
        Assert.Equal(101, await StatusAsync(server, kind, "/"));

        Assert.Equal(["app://device/1 / app://device/1", "app://device/2 /a app://device/2", "null / null"], asked);
    }

    [Theory]
    [EachServer("Origin: a b", 400, IsPlain = true)]
    [EachServer("Origin: app://x\r\nOrigin: app://x", 400, IsPlain = true)]
    [EachServer("Origin: app://x\r\nSec-WebSocket-Protocol: a, a", 400, IsPlain = true)]
    [EachServer("Origin: app://x\r\nContent-Length: 5", 400, IsPlain = true)]
    public async Task IsOriginAllowed_is_not_called_for_an_invalid_request(ServerKind kind, string lines, int status)
    {
        var asked = new ConcurrentQueue<string>();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            IsOriginAllowed = (origin, _) =>
            {
                asked.Enqueue(origin);
                return true;
            },
        });

        Assert.Equal(status, await StatusAsync(server, kind, "/", lines));
        Assert.Empty(asked);
    }

    [Theory]
    [EachServer("app://a", "app://a", 101, IsPlain = true)]
    [EachServer("app://a", "app://b", 403, IsPlain = true)]
    [EachServer("app://b", "app://a", 403, IsPlain = true)]
    public async Task Both_origins_of_version_8_must_be_allowed(ServerKind kind, string origin, string draft, int status)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(kind) with { IsOriginAllowed = (asked, _) => asked == "app://a" });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request("/", "Origin: " + origin, "Sec-WebSocket-Origin: " + draft)
            .Replace("Version: 13", "Version: 8", StringComparison.Ordinal));

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_callback_that_throws_gets_500_and_is_logged(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            LoggerFactory = log,
            IsOriginAllowed = (_, _) => throw new InvalidOperationException("no such table"),
        });

        Assert.Equal(500, await StatusAsync(server, kind, "/", "Origin: app://a"));
        Assert.Equal(101, await StatusAsync(server, kind, "/"));
        Assert.Equal("no such table", Assert.Single(log.Entries, entry => entry.EventId == 102).Exception!.Message);
    }

    [Theory]
    [EachServer("/server", "app://server", 101, IsPlain = true)]
    [EachServer("/server", "app://route", 403, IsPlain = true)]
    [EachServer("/own", "app://route", 101, IsPlain = true)]
    [EachServer("/own", "app://server", 403, IsPlain = true)]
    [EachServer("/named", "app://named", 101, IsPlain = true)]
    [EachServer("/named", "app://server", 403, IsPlain = true)]
    [EachServer("/unknown", "app://server", 403, IsPlain = true)]
    public async Task A_route_uses_its_own_origin_callback_or_the_servers_unless_it_lists_origins(
        ServerKind kind, string path, string origin, int status)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind) with { IsOriginAllowed = (asked, _) => asked == "app://server" },
            new WebSocketRoutes()
                .Map("/server", new EchoHandler())
                .Map("/own", new EchoHandler(), new WebSocketRouteOptions
                {
                    IsOriginAllowed = (asked, _) => asked == "app://route",
                })
                .Map("/named", new EchoHandler(), new WebSocketRouteOptions { AllowedOrigins = ["app://named"] }));

        Assert.Equal(status, await StatusAsync(server, kind, path, "Origin: " + origin));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejected_origin_is_logged_with_the_allowed_ones_and_not_sent_to_the_client(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            LoggerFactory = log,
            AllowedOrigins = [.. Enumerable.Range(1, 10).Select(number => $"https://a{number}.example")],
            OnHandshakeFailed = failure =>
            {
                failures.Enqueue(failure);
                return null;
            },
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request("/", $"Origin: http://'\\{new string('x', 5_000)}"));
        string response = await client.ReadToEndAsync();

        string detail = Assert.Single(failures).Detail!;
        Assert.StartsWith("the origin 'http://\\'\\\\xxx", detail, StringComparison.Ordinal);
        Assert.Contains(
            "x…' is neither the server's own, 'http://localhost', nor one of the allowed origins: 'https://a1.example', ",
            detail, StringComparison.Ordinal);
        Assert.EndsWith("'https://a5.example' and 5 more", detail, StringComparison.Ordinal);
        Assert.True(detail.Length < 700);
        Assert.EndsWith(
            "with 403: OriginNotAllowed: " + detail,
            Assert.Single(log.Entries, entry => entry.EventId == 101).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a1.example", response, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_log_of_a_rejected_origin_says_that_IsOriginAllowed_was_called(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            LoggerFactory = log,
            AllowedOrigins = ["https://good.example"],
            IsOriginAllowed = (_, _) => false,
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request("/", "Origin: https://evil.example"));
        await client.ReadToEndAsync();

        Assert.EndsWith(
            "with 403: OriginNotAllowed: the origin 'https://evil.example' is neither the server's own, 'http://localhost', "
            + "nor one of the allowed origins: 'https://good.example', and IsOriginAllowed rejected it",
            Assert.Single(log.Entries, entry => entry.EventId == 101).Message, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("evil.example:81", "", IsPlain = true)]
    [EachServer("other.example", "http://evil.example:81", IsPlain = true)]
    public async Task A_rejected_host_is_logged_with_the_allowed_ones(ServerKind kind, string host, string authority)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(kind) with { LoggerFactory = log, AllowedHosts = ["good.example", "other.example"] });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request(authority + "/").Replace("Host: localhost", "Host: " + host, StringComparison.Ordinal));

        Assert.DoesNotContain("good.example", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.EndsWith(
            "with 421: HostNotAllowed: the host 'evil.example:81' is not one of the allowed hosts: 'good.example', 'other.example'",
            Assert.Single(log.Entries, entry => entry.EventId == 101).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_exception_of_a_detached_handshake_shows_the_rejected_origin()
    {
        using var network = new WebSocketTestNetwork();
        byte[] request = Encoding.ASCII.GetBytes(RawPeer.Request("/", "Origin: https://evil.example"));
        await network.ClientStream.WriteAsync(request, TestContext.Current.CancellationToken);
        network.ClientStream.Dispose();

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => new WebSocketAcceptor(new()).AcceptAsync(network.ServerStream)).WithDeadline();

        Assert.Contains(
            "the origin 'https://evil.example' is not the server's own, 'http://localhost', and no other is allowed",
            thrown.Message, StringComparison.Ordinal);
    }

    private static async Task<int> StatusAsync(WebSocketServer server, ServerKind kind, string path, params string[] headers)
    {
        using RawPeer client = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request(path, headers));
        string head = await client.ReadHeadAsync();
        return int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), provider: null);
    }
}
