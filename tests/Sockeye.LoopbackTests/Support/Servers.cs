using System.Net;
using System.Net.Security;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Servers that many tests need.</summary>
internal static class Servers
{
    /// <summary>Any free port of the IPv4 loopback.</summary>
    /// <summary>
    /// An address of the loopback that no other process uses, where there is more than one (RFC 1122 §3.2.1.3). For tests of
    /// who connects, and of what is not served any more: the system soon hands out again a port that a test gives back.
    /// </summary>
    public static readonly IPAddress OwnAddress = OperatingSystem.IsLinux()
        ? new IPAddress([127, 64, (byte)(Environment.ProcessId >> 8), (byte)Environment.ProcessId])
        : IPAddress.Loopback;

    /// <summary>Any free port of the IPv4 loopback.</summary>
    public static IPEndPoint Loopback => new(IPAddress.Loopback, 0);

    public static WebSocketServerOptions Options => new() { EndPoint = Loopback };

    /// <summary>The options of a kind of server; a test with more to set takes the parts below.</summary>
    public static WebSocketServerOptions OptionsOf(ServerKind kind) =>
        new() { EndPoint = Loopback, EventLoop = kind.Loops(), Tls = kind.Tls(), TlsEngine = kind.TlsEngine() };

    /// <summary>What a client of a kind of server needs for TLS; <see langword="null"/> without.</summary>
    public static SslClientAuthenticationOptions? ClientTls(this ServerKind kind) =>
        kind.IsSecure() ? TestCertificate.ForClient() : null;

    /// <summary>Why this kind of server is not available here; <see langword="null"/> if it is.</summary>
    public static string? WhyNot(this ServerKind kind) =>
        kind.UsesEventLoop() && !EventLoop.IsSupported ? LoopSockets.NotSupported
        : kind == ServerKind.OpenSslEventLoop ? LoopTls.WhyNoOpenSsl
        : null;

    public static EventLoopOptions Loops(this ServerKind kind) =>
        kind.UsesEventLoop() ? EventLoopOptions.Default : EventLoopOptions.Disabled;

    /// <summary>Whether the server uses TLS.</summary>
    public static bool IsSecure(this ServerKind kind) => kind is ServerKind.Tls or ServerKind.TlsEventLoop or ServerKind.OpenSslEventLoop;

    /// <summary>Whether event loops serve the connections.</summary>
    public static bool UsesEventLoop(this ServerKind kind) =>
        kind is ServerKind.EventLoop or ServerKind.TlsEventLoop or ServerKind.OpenSslEventLoop;

    public static SslServerAuthenticationOptions? Tls(this ServerKind kind) =>
        kind.IsSecure() ? TestCertificate.ForServer() : null;

    public static WebSocketTlsEngine TlsEngine(this ServerKind kind) =>
        kind == ServerKind.OpenSslEventLoop ? WebSocketTlsEngine.OpenSsl : WebSocketTlsEngine.SslStream;

    public static string Scheme(this ServerKind kind) => kind.IsSecure() ? "wss" : "ws";

    /// <summary>Echoes all messages.</summary>
    public static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellationToken))
        {
            await connection.SendAsync(message, cancellationToken);
        }
    }

    public static Task<WebSocketServer> StartAsync(WebSocketServerOptions options, WebSocketRoutes routes) =>
        StartAsync(new WebSocketServer(options, routes));

    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve) =>
        StartAsync(new WebSocketServer(options, serve));

    /// <summary>A server that chooses a handler for each request.</summary>
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketUpgradeRequest, WebSocketHandler> select) =>
        WebSocketServer.StartAsync(
            options with { OnUpgrade = (request, _) => WebSocketUpgradeDecision.Accept(select(request)) }, new EchoHandler());

    public static Task<WebSocketServer> StartEchoAsync(WebSocketServerOptions? options = null) =>
        WebSocketServer.StartAsync(options ?? Options, EchoAsync);

    public static Task<WebSocketServer> StartEchoAsync(ServerKind kind) => StartEchoAsync(OptionsOf(kind));

    public static Uri Address(this WebSocketServer server, string path = "/", string scheme = "ws") =>
        new($"{scheme}://{server.LocalEndPoint}{path}");

    private static async Task<WebSocketServer> StartAsync(WebSocketServer server)
    {
        await server.StartAsync();
        return server;
    }
}

/// <summary>Echoes synchronously.</summary>
internal sealed class EchoHandler : WebSocketHandler
{
    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        connection.TrySend(payload, kind);
}
