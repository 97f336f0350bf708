using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>How a server reports TLS failures, and its response to clients of the wrong scheme.</summary>
public sealed class ServerTlsFailureTests
{
    private static readonly byte[] Hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];

    private readonly CapturingLoggerFactory _log = new();
    private readonly ConcurrentQueue<WebSocketHandshakeFailure> _failures = new();

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_ClientHello_on_a_port_without_TLS_is_recognized(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(new() { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine() });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(Hello);
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("the peer speaks TLS", answer, StringComparison.Ordinal);
        Assert.Equal(WebSocketHandshakeError.UnexpectedTls, (await FailureAsync()).Error);
        Assert.Contains("UnexpectedTls", LogOf(101).Message, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("GET /chat?token=secret HTTP/1.1\r\nHost: localhost\r\n\r\n", "'GET /chat'", IsSecure = true)]
    [EachServer("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "'POST / HTTP/1.1'", IsSecure = true)]
    [EachServer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "'PRI * HTTP/2.0'", IsSecure = true)]
    public async Task Plain_HTTP_on_a_TLS_port_gets_400_and_is_reported(ServerKind kind, string request, string said)
    {
        await using WebSocketServer server = await StartTlsAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(request);
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("this port speaks TLS: use wss or https\n", answer, StringComparison.Ordinal);
        WebSocketHandshakeFailure failure = await FailureAsync();
        Assert.Equal((WebSocketHandshakeError.TlsFailed, 400), (failure.Error, failure.StatusCode));
        AssertSays(failure, WebSocketTlsFailure.PlainHttp, said, LogLevel.Information);
        Assert.DoesNotContain("secret", LogOf(103).Message + failure.Exception, StringComparison.Ordinal);
        client.Dispose();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task A_custom_response_reaches_a_client_without_TLS(ServerKind kind)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = TestCertificate.ForServer(),
                OnHandshakeFailed = _ => new WebSocketUpgradeRejection { Body = "elsewhere" },
            },
            Servers.EchoAsync);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request());
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("elsewhere", answer, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task An_unknown_protocol_is_dropped_without_a_response(ServerKind kind)
    {
        await using WebSocketServer server = await StartTlsAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync("SSH-2.0-OpenSSH_9.2\r\n");

        Assert.Equal("", await client.ReadToEndAsync());
        AssertSays(await FailureAsync(), WebSocketTlsFailure.NotTls, "'SSH-2.0-OpenSSH_9.2'", LogLevel.Information);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
    }

    [Theory]
    [EachServer(false, false, WebSocketTlsFailure.ConnectionClosed, "before it sent anything", IsSecure = true)]
    [EachServer(true, false, WebSocketTlsFailure.ConnectionClosed, "in the middle of the handshake", IsSecure = true)]
    [EachServer(true, true, WebSocketTlsFailure.ConnectionReset, "reset", IsSecure = true)]
    public async Task A_client_that_disconnects_is_reported_as_such(
        ServerKind kind, bool hasBegun, bool isReset, WebSocketTlsFailure expected, string said)
    {
        await using WebSocketServer server = await StartTlsAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        if (hasBegun)
        {
            await client.SendAsync(Hello);
        }

        if (isReset)
        {
            await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1, "it is accepted");
            client.Reset();
        }
        else
        {
            client.EndOutput();
        }

        AssertSays(await FailureAsync(), expected, said, LogLevel.Information);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task An_alert_of_the_client_is_reported(ServerKind kind)
    {
        await using WebSocketServer server = await StartTlsAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        // RFC 8446 §6.2: unknown_ca, as clients send it that do not trust the server.
        await client.SendAsync((byte[])[0x15, 3, 3, 0, 2, 2, 48]);

        AssertSays(await FailureAsync(), WebSocketTlsFailure.CertificateRejectedByPeer, "unknown_ca (48)", LogLevel.Information);
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task The_lack_of_a_common_TLS_version_is_reported(ServerKind kind)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.EnabledSslProtocols = SslProtocols.Tls13;
        await using WebSocketServer server = await StartTlsAsync(kind, tls);

        SslClientAuthenticationOptions old = TestCertificate.ForClient();
        old.EnabledSslProtocols = SslProtocols.Tls12;
        await Assert.ThrowsAnyAsync<Exception>(() => RawPeer.ConnectTlsAsync(server.LocalEndPoint, old));

        AssertSays(await FailureAsync(), WebSocketTlsFailure.NoCommonParameters, "protocol_version (70)", LogLevel.Information);
    }

    [Theory]
    [EachServer(false, LogLevel.Debug, IsSecure = true)]
    [EachServer(true, LogLevel.Information, IsSecure = true)]
    public async Task A_slow_client_is_logged_and_a_silent_one_only_at_Debug(ServerKind kind, bool hasBegun, LogLevel level)
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await StartAsync(
            new() { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), Tls = TestCertificate.ForServer(), TimeProvider = time });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        if (hasBegun)
        {
            await client.SendAsync(Hello);
        }

        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1, "it is accepted");
        await Deadlines.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return !_failures.IsEmpty;
            },
            "its time is over");

        WebSocketHandshakeFailure failure = await FailureAsync();
        Assert.Equal(WebSocketTlsFailure.TimedOut, failure.TlsFailure);
        if (!hasBegun)
        {
            Assert.Equal(level, LogOf(103).Level);
        }
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task A_server_failure_is_logged_as_Error_with_its_exception(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(new()
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            SelectTls = static (_, _) => throw new InvalidOperationException("broken on purpose"),
        });

        await Assert.ThrowsAnyAsync<Exception>(() => RawPeer.ConnectTlsAsync(server.LocalEndPoint));

        AssertSays(await FailureAsync(), WebSocketTlsFailure.LocalFault, "broken on purpose", LogLevel.Error);
        Assert.NotNull(LogOf(103).Exception);
    }

    [Theory]
    [EachServer("validation", false, IsSecure = true)]
    [EachServer("validation", true, IsSecure = true)]
    [EachServer("selection", false, IsSecure = true)]
    [EachServer("selection", true, IsSecure = true)]
    [EachServer("options", false, IsSecure = true)]
    [EachServer("options", true, IsSecure = true)]
    public async Task A_TLS_callback_that_throws_is_a_server_failure(ServerKind kind, string callback, bool isCanceled)
    {
        Exception exception = isCanceled
            ? new OperationCanceledException("broken on purpose")
            : new IOException("broken on purpose");
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        if (callback == "validation")
        {
            tls.ClientCertificateRequired = true;
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => throw exception;
        }
        else
        {
            tls.ServerCertificate = null;
            tls.ServerCertificateContext = null;
            tls.ServerCertificateSelectionCallback = (_, _) => throw exception;
        }

        var options = new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine() };
        await using WebSocketServer server = await StartAsync(
            callback == "options" ? options with { SelectTls = (_, _) => throw exception } : options with { Tls = tls });

        // In TLS 1.3 a client may have finished before the server looks at its certificate.
        try
        {
            using RawPeer client = await RawPeer.ConnectTlsAsync(server.LocalEndPoint);
            await client.ReadToEndAsync();
        }
        catch (Exception ended) when (ended is IOException or System.Security.Authentication.AuthenticationException)
        {
        }

        WebSocketHandshakeFailure failure = await FailureAsync();
        AssertSays(failure, WebSocketTlsFailure.LocalFault, "broken on purpose", LogLevel.Error);
        Assert.Same(exception, failure.Exception);
        Assert.Same(exception, LogOf(103).Exception);
    }

    private static Task<WebSocketServer> StartServerAsync(WebSocketServerOptions options) =>
        WebSocketServer.StartAsync(options, Servers.EchoAsync);

    private Task<WebSocketServer> StartTlsAsync(ServerKind kind, SslServerAuthenticationOptions? tls = null) =>
        StartAsync(new() { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), Tls = tls ?? TestCertificate.ForServer() });

    private Task<WebSocketServer> StartAsync(WebSocketServerOptions options) => StartServerAsync(options with
    {
        LoggerFactory = _log,
        OnHandshakeFailed = failure =>
        {
            _failures.Enqueue(failure);
            return null;
        },
    });

    private async Task<WebSocketHandshakeFailure> FailureAsync()
    {
        await Deadlines.UntilAsync(() => !_failures.IsEmpty, "the failure is reported");
        return Assert.Single(_failures);
    }

    private CapturingLoggerFactory.LogEntry LogOf(int eventId) => Assert.Single(_log.Entries, entry => entry.EventId == eventId);

    private void AssertSays(WebSocketHandshakeFailure failure, WebSocketTlsFailure expected, string said, LogLevel level)
    {
        Assert.Equal((WebSocketHandshakeError.TlsFailed, expected), (failure.Error, failure.TlsFailure!.Value));
        Assert.Contains(said, failure.Detail, StringComparison.Ordinal);
        CapturingLoggerFactory.LogEntry entry = LogOf(103);
        Assert.Equal(level, entry.Level);
        Assert.Contains(said, entry.Message, StringComparison.Ordinal);
        Assert.Contains($"{expected}", entry.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Exception);
    }
}
