using System.Net.Security;

namespace Sockeye.Tests;

/// <summary>Conflicting options of a server throw before it listens.</summary>
public sealed class ServerOptionConflictTests
{
    private static readonly Func<string, WebSocketUpgradeRequest, bool> AllowOrigin = static (_, _) => true;

    private static readonly Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>> SelectTls =
        static (_, _) => new(TestCertificate.ForServer());

    /// <summary>The options, and what the message names.</summary>
    public static TheoryData<WebSocketServerOptions, string, string> Conflicts => new()
    {
        { new() { EndPoints = [Plain], Tls = TestCertificate.ForServer() }, "Tls", "EndPoints" },
        { new() { EndPoints = [Plain], SelectTls = SelectTls }, "SelectTls", "EndPoints" },
        { new() { EndPoints = [Plain], EndPoint = Servers.Loopback }, "EndPoint", "EndPoints" },
        { new() { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer(), SelectTls = SelectTls }, "Tls", "SelectTls" },
        { new() { EndPoints = [Plain with { Tls = TestCertificate.ForServer(), SelectTls = SelectTls }] }, "Tls", "SelectTls" },
        {
            new() { EndPoint = Servers.Loopback, Tls = WithCallback() }, "Tls.ServerCertificate",
            "Tls.ServerCertificateSelectionCallback"
        },
        { new() { DangerousAllowAnyOrigin = true, AllowedOrigins = ["https://a.example"] }, "AllowedOrigins", "DangerousAllowAnyOrigin" },
        { new() { DangerousAllowAnyOrigin = true, IsOriginAllowed = AllowOrigin }, "IsOriginAllowed", "DangerousAllowAnyOrigin" },
        { new() { ForwardedHeader = WebSocketForwardedHeader.Forwarded }, "ForwardedHeader", "TrustedProxies" },
        { new() { RequireSubprotocol = true }, "RequireSubprotocol", "Subprotocols" },
        { new() { HandshakeLimits = new() { MaxRequestLineLength = 32 * 1024 } }, "MaxRequestLineLength", "MaxHeadLength" },
        { new() { HandshakeLimits = new() { MaxHeaderLineLength = 32 * 1024 } }, "MaxHeaderLineLength", "MaxHeadLength" },
    };

    public static TheoryData<WebSocketServerOptions, WebSocketRouteOptions, string, string> RouteConflicts => new()
    {
        {
            new(), new() { DangerousAllowAnyOrigin = true, AllowedOrigins = ["https://a.example"] },
            "AllowedOrigins of the route '/chat/{room}'", "DangerousAllowAnyOrigin of the route '/chat/{room}'"
        },
        {
            new(), new() { DangerousAllowAnyOrigin = true, IsOriginAllowed = AllowOrigin },
            "IsOriginAllowed of the route '/chat/{room}'", "DangerousAllowAnyOrigin of the route '/chat/{room}'"
        },
        {
            new() { DangerousAllowAnyOrigin = true }, new() { IsOriginAllowed = AllowOrigin },
            "IsOriginAllowed of the route '/chat/{room}'", "DangerousAllowAnyOrigin of the server"
        },
        {
            new() { RequireSubprotocol = true, Subprotocols = ["a"] }, new() { Subprotocols = [] },
            "RequireSubprotocol of the server", "for the route '/chat/{room}'"
        },
        {
            new(), new() { RequireSubprotocol = true }, "RequireSubprotocol of the route '/chat/{room}'",
            "Subprotocols"
        },
    };

    private static WebSocketEndPoint Plain => new(Servers.Loopback);

    [Theory]
    [MemberData(nameof(Conflicts), DisableDiscoveryEnumeration = true)]
    public async Task A_server_with_conflicting_options_does_not_start(
        WebSocketServerOptions options, string first, string second)
    {
        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(
            async () => await WebSocketServer.StartAsync(options, new EchoHandler()));

        Assert.Contains(first, thrown.Message, StringComparison.Ordinal);
        Assert.Contains(second, thrown.Message, StringComparison.Ordinal);
        Assert.Equal("options", thrown.ParamName);
    }

    [Theory]
    [MemberData(nameof(RouteConflicts), DisableDiscoveryEnumeration = true)]
    public async Task A_route_with_conflicting_options_throws(
        WebSocketServerOptions server, WebSocketRouteOptions route, string first, string second)
    {
        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(async () =>
            await Servers.StartAsync(server, new WebSocketRoutes().Map("/chat/{room}", new EchoHandler(), route)));

        Assert.Contains(first, thrown.Message, StringComparison.Ordinal);
        Assert.Contains(second, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_option_that_replaces_the_servers_does_not_conflict()
    {
        WebSocketRoutes routes = new WebSocketRoutes()
            .Map("/any", new EchoHandler(), new WebSocketRouteOptions { DangerousAllowAnyOrigin = true })
            .Map("/required", new EchoHandler(), new WebSocketRouteOptions { Subprotocols = ["a"], RequireSubprotocol = true });

        await using WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                AllowedOrigins = ["https://a.example"],
                HandshakeLimits = new HandshakeLimitOptions { MaxHeadLength = 1024 },
            },
            routes);
    }

    [Fact]
    public async Task A_stop_with_a_reason_but_no_code_throws_and_the_server_continues()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        var options = new WebSocketStopOptions { CloseCode = null, CloseReason = "why" };

        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(async () => await server.StopAsync(options));
        await Assert.ThrowsAsync<ArgumentException>(async () => await server.RunAsync(options).WithDeadline());

        Assert.Contains("CloseReason", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("CloseCode", thrown.Message, StringComparison.Ordinal);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
    }

    private static SslServerAuthenticationOptions WithCallback()
    {
        SslServerAuthenticationOptions options = TestCertificate.ForServer();
        options.ServerCertificateSelectionCallback = static (_, _) => null!;
        return options;
    }
}
