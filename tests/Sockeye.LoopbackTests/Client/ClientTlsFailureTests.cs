using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>How a client reports TLS failures: in its exception, in the status of a reconnecting client and in the log.</summary>
public sealed class ClientTlsFailureTests : IDisposable
{
    private readonly RawListener _server = new();

    private string Address => $"wss://127.0.0.1:{_server.Port}/?token=secret";

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nSet-Cookie: a=secret\r\n\r\n", WebSocketTlsFailure.PlainHttp, "'HTTP/1.1 400 Bad Request'")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", WebSocketTlsFailure.NotTls, "'SSH-2.0-OpenSSH_9.2'")]
    [InlineData("\u0001\u001B[2J", WebSocketTlsFailure.NotTls, "'\\u0001\\")]
    [InlineData("\u0016\u0002\u0000\u0000\u0001", WebSocketTlsFailure.NotTls, "does not speak TLS")]
    [InlineData("", WebSocketTlsFailure.ConnectionClosed, "closed the transport before it sent anything")]
    [InlineData("\u0016", WebSocketTlsFailure.ConnectionClosed, "closed the transport in the middle")]
    [InlineData("\u0016\u0003\u0003\u0000\u0040\u0002", WebSocketTlsFailure.ConnectionClosed, "closed the transport in the middle")]
    [InlineData("\u0015\u0003\u0001\u0000\u0002\u0002\u0046", WebSocketTlsFailure.NoCommonParameters, "protocol_version (70)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0028", WebSocketTlsFailure.NoCommonParameters, "handshake_failure (40)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0078", WebSocketTlsFailure.NoCommonParameters, "no_application_protocol (120)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0070", WebSocketTlsFailure.AlertReceived, "unrecognized_name (112)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0050", WebSocketTlsFailure.AlertReceived, "internal_error (80)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0031", WebSocketTlsFailure.CertificateRejectedByPeer, "access_denied (49)")]
    public async Task A_TLS_failure_says_what_the_server_sent_instead(string answer, WebSocketTlsFailure failure, string said)
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address);
        using RawPeer peer = await AcceptHelloAsync();

        await peer.SendAsync(answer);
        peer.EndOutput();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        AssertSays(thrown, failure, said);
    }

    [Fact]
    public async Task A_reset_during_the_TLS_handshake_is_reported()
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address);
        RawPeer peer = await AcceptHelloAsync();

        peer.Reset();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        AssertSays(thrown, WebSocketTlsFailure.ConnectionReset, "reset");
    }

    // A text that no longer fits into one read, as a server of HTTP that answers byte by byte sends it.
    [Fact]
    public async Task A_server_that_sends_one_byte_of_another_protocol_is_recognized()
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address);
        using RawPeer peer = await AcceptHelloAsync();

        await peer.SendAsync("H");
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        AssertSays(thrown, WebSocketTlsFailure.NotTls, "'H'");
    }

    [Theory]
    [EachServer(SslProtocols.Tls12, IsSecure = true)]
    [EachServer(SslProtocols.Tls13, IsSecure = true)]
    public async Task A_client_certificate_rejected_by_the_server_is_reported(ServerKind kind, SslProtocols version)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.EnabledSslProtocols = version;
        tls.ClientCertificateRequired = true;
        var failed = new TaskCompletionSource<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = tls,
            OnHandshakeFailed = failure =>
            {
                failed.TrySetResult(failure);
                return null;
            },
        });
        using X509Certificate2 mine = TestCertificate.MakeFor("client.example");
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => mine;

        // The platform's server closes without an alert: all that the client can know is that the server went.
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address(scheme: "wss"), new() { Tls = options }).WithDeadline());

        Assert.True(thrown.Error is WebSocketHandshakeError.TlsFailed or WebSocketHandshakeError.ConnectionLost, thrown.Message);
        Assert.True(
            thrown.Error == WebSocketHandshakeError.TlsFailed
            || thrown.Message.Contains("perhaps because the server rejects the client's certificate 'CN=client.example'", StringComparison.Ordinal),
            thrown.Message);
        WebSocketHandshakeFailure told = await failed.Task.WithDeadline();
        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketTlsFailure.UntrustedCertificate), (told.Error, told.TlsFailure!.Value));
        Assert.Contains("'CN=client.example'", told.Detail, StringComparison.Ordinal);
    }

    // RFC 8446 §6.2, certificate_required; RFC 5246 §7.2.2, handshake_failure. A callback decides when the handshake is complete.
    [Theory]
    [EachServer(SslProtocols.Tls12, false, IsSecure = true)]
    [EachServer(SslProtocols.Tls13, false, IsSecure = true)]
    [EachServer(SslProtocols.Tls12, true, IsSecure = true)]
    [EachServer(SslProtocols.Tls13, true, IsSecure = true)]
    public async Task A_client_certificate_that_is_missing_is_reported(ServerKind kind, SslProtocols version, bool hasCallback)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.EnabledSslProtocols = version;
        tls.ClientCertificateRequired = true;
        tls.RemoteCertificateValidationCallback = hasCallback ? static (_, certificate, _, _) => certificate is not null : null;
        var failed = new TaskCompletionSource<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            Tls = tls,
            OnHandshakeFailed = failure =>
            {
                failed.TrySetResult(failure);
                return null;
            },
        });

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address(scheme: "wss"), new() { Tls = TestCertificate.ForClient() }).WithDeadline());

        if (kind == ServerKind.OpenSslEventLoop && !hasCallback)
        {
            AssertSays(
                thrown,
                version == SslProtocols.Tls13 ? WebSocketTlsFailure.CertificateRejectedByPeer : WebSocketTlsFailure.NoCommonParameters,
                version == SslProtocols.Tls13 ? "certificate_required (116)" : "handshake_failure (40)");
        }
        else
        {
            Assert.Equal(WebSocketHandshakeError.ConnectionLost, thrown.Error);
            Assert.Contains("perhaps because the server requires a client certificate: none was sent", thrown.Message, StringComparison.Ordinal);
        }

        WebSocketHandshakeFailure told = await failed.Task.WithDeadline();
        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketTlsFailure.MissingCertificate), (told.Error, told.TlsFailure!.Value));
    }

    // The alert that a TLS server sends after an invalid ClientHello.
    [EachClient]
    [Theory]
    public async Task TLS_on_a_port_for_ws_is_recognized(ClientKind kind)
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"ws://127.0.0.1:{_server.Port}/", new WebSocketClientOptions { UseEventLoop = kind.UsesEventLoop() });
        using RawPeer peer = await AcceptHelloAsync();

        await peer.SendAsync((byte[])[0x15, 3, 1, 0, 2, 2, 70]);
        peer.EndOutput();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.UnexpectedTls, thrown.Error);
        Assert.Contains("wss", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reconnecting_client_reports_a_TLS_cutoff_and_retries(bool isReset)
    {
        var log = new CapturingLoggerFactory();
        var waited = new TaskCompletionSource<WebSocketReconnectStatus>();
        await using var client = new WebSocketReconnectingClient(Address, new WebSocketReconnectOptions
        {
            FirstDelay = TimeSpan.FromMilliseconds(1),
            MaxDelay = TimeSpan.FromMilliseconds(1),
            Client = new() { Tls = TestCertificate.ForClient(), LoggerFactory = log },
            OnStatusChanged = status =>
            {
                if (status.State == WebSocketReconnectState.Waiting)
                {
                    waited.TrySetResult(status);
                }
            },
        });
        Task starting = client.StartAsync();
        using (RawPeer cut = await AcceptHelloAsync())
        {
            if (isReset)
            {
                cut.Reset();
            }
        }

        using RawPeer plain = await _server.AcceptAsync();
        var tls = new SslStream(plain.Stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsServerAsync(TestCertificate.ForServer()).WithDeadline();
        using RawPeer peer = plain.Over(tls);
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        await starting.WithDeadline();

        WebSocketReconnectStatus status = await waited.Task.WithDeadline();
        WebSocketTlsFailure expected = isReset ? WebSocketTlsFailure.ConnectionReset : WebSocketTlsFailure.ConnectionClosed;
        Assert.Equal(expected, Assert.IsType<WebSocketHandshakeException>(status.LastDisconnect!.Exception).TlsFailure);
        string said = isReset ? "reset" : "the peer closed the transport";
        Assert.Contains(said, status.ToString(), StringComparison.Ordinal);
        CapturingLoggerFactory.LogEntry entry = Assert.Single(log.Entries, entry => entry.EventId == 402);
        Assert.Contains(said, entry.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Information, entry.Level);
        client.Connection!.Abort();
    }

    private static void AssertSays(WebSocketHandshakeException thrown, WebSocketTlsFailure failure, string said)
    {
        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
        Assert.Equal(failure, thrown.TlsFailure);
        Assert.Contains(said, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("PlaintextStreamFilter", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", thrown.ToString(), StringComparison.Ordinal);
    }

    private async Task<RawPeer> AcceptHelloAsync()
    {
        RawPeer peer = await _server.AcceptAsync();

        // All of it: what is left unread would make a reset of the end.
        byte[] bytes = new byte[16 * 1024];
        int count = await peer.Stream.ReadAsync(bytes).AsTask().WithDeadline();
        int length = bytes[0] == 22 ? 5 + (bytes[3] << 8) + bytes[4] : count;
        await peer.Stream.ReadExactlyAsync(bytes.AsMemory(count, length - count)).WithDeadline();
        return peer;
    }
}
