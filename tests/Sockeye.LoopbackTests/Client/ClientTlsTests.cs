using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>Which servers a client trusts over TLS, with all checks of the platform (CT-40).</summary>
public sealed class ClientTlsTests
{
    [Fact]
    public async Task A_certificate_of_a_private_authority_can_be_trusted()
    {
        using X509Certificate2 certificate = TestAuthority.Issue("localhost", daysLeft: 1);
        await using TlsRawServer server = Serve(certificate);

        WebSocketConnection client = await ConnectAsync(server, Trusting()).WithDeadline();

        Assert.Equal(WebSocketConnectionState.Open, client.State);
        client.Abort();
    }

    [Theory]
    [InlineData("wss")]
    [InlineData("https")]
    public async Task Text_and_large_messages_pass_over_TLS(string scheme)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: scheme), new WebSocketClientOptions { Tls = TestCertificate.ForClient() }).WithDeadline();

        await client.SendAsync("caf\u00E9");
        Assert.Equal("caf\u00E9", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        byte[] large = Payloads.Bytes(1_000_000);
        ValueTask sending = client.SendAsync(large);
        Assert.Equal(large, (await client.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        await sending;
    }

    [Theory]
    [InlineData("localhost", -1, WebSocketTlsFailure.CertificateNotTimeValid, "NotTimeValid")]
    [InlineData("other.invalid", 1, WebSocketTlsFailure.CertificateNameMismatch, "not for 'localhost' but for 'other.invalid'")]
    [InlineData("*", 1, WebSocketTlsFailure.CertificateNameMismatch, "not for 'localhost' but for '*'")]
    [InlineData("localhost.other.invalid", 1, WebSocketTlsFailure.CertificateNameMismatch, "for 'localhost.other.invalid'")]
    [InlineData("other.invalid", -1, WebSocketTlsFailure.CertificateNotTimeValid, "not for 'localhost' but for 'other.invalid'")]
    public async Task A_certificate_that_is_expired_or_for_another_name_is_not_trusted(
        string name, int daysLeft, WebSocketTlsFailure failure, string said)
    {
        using X509Certificate2 certificate = TestAuthority.Issue(name, daysLeft);
        await using TlsRawServer server = Serve(certificate);

        WebSocketHandshakeException thrown = await AssertTlsFailsAsync(server, Trusting());

        Assert.Null(server.Request);
        Assert.Equal(failure, thrown.TlsFailure);
        Assert.Contains(said, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("'CN=leaf' (issuer 'CN=authority')", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_not_trusted()
    {
        await using TlsRawServer server = new("");

        foreach (SslClientAuthenticationOptions? tls in (SslClientAuthenticationOptions?[])[Trusting(), null])
        {
            WebSocketHandshakeException thrown = await AssertTlsFailsAsync(server, tls);

            Assert.Equal(WebSocketTlsFailure.UntrustedCertificate, thrown.TlsFailure);
            Assert.Contains("UntrustedRoot", thrown.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("PlaintextStreamFilter", thrown.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("RemoteCertificateValidationCallback", thrown.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_certificate_with_unknown_revocation_is_rejected_if_checking_is_required()
    {
        using X509Certificate2 certificate = TestAuthority.Issue("localhost", daysLeft: 1);
        await using TlsRawServer server = Serve(certificate);
        SslClientAuthenticationOptions tls = Trusting();
        tls.CertificateChainPolicy!.RevocationMode = X509RevocationMode.Offline;
        tls.CertificateChainPolicy.RevocationFlag = X509RevocationFlag.EndCertificateOnly;

        WebSocketHandshakeException thrown = await AssertTlsFailsAsync(server, tls);

        Assert.Equal(WebSocketTlsFailure.RevocationUnknown, thrown.TlsFailure);
    }

    [Fact]
    public async Task A_certificate_rejected_only_by_the_application_is_reported_as_such()
    {
        using X509Certificate2 certificate = TestAuthority.Issue("localhost", daysLeft: 1);
        await using TlsRawServer server = Serve(certificate);
        SslClientAuthenticationOptions tls = Trusting();
        tls.RemoteCertificateValidationCallback = static (_, _, _, _) => false;

        WebSocketHandshakeException thrown = await AssertTlsFailsAsync(server, tls);

        Assert.Equal(WebSocketTlsFailure.CertificateRejectedByApplication, thrown.TlsFailure);
        Assert.Contains("the application's callback rejected it", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>What callbacks throw, also as the transport and a deadline do.</summary>
    public static TheoryData<Exception, bool> Thrown => new()
    {
        { new InvalidOperationException("broken on purpose"), false },
        { new IOException("broken on purpose"), false },
        { new SocketException((int)SocketError.ConnectionReset, "broken on purpose"), false },
        { new AuthenticationException("broken on purpose"), false },
        { new OperationCanceledException("broken on purpose"), false },
        { new ObjectDisposedException("vault", "broken on purpose"), false },
        { new IOException("broken on purpose"), true },
        { new OperationCanceledException("broken on purpose"), true },
    };

    [Theory]
    [MemberData(nameof(Thrown), DisableDiscoveryEnumeration = true)]
    public async Task A_certificate_callback_that_throws_is_a_local_failure(Exception exception, bool ofSelection)
    {
        await using TlsRawServer server = new("");
        SslClientAuthenticationOptions tls = Trusting();
        if (ofSelection)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => throw exception;
        }
        else
        {
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => throw exception;
        }

        WebSocketHandshakeException thrown = await AssertTlsFailsAsync(server, tls);

        Assert.Equal(WebSocketTlsFailure.LocalFault, thrown.TlsFailure);
        Assert.Same(exception, thrown.InnerException);
        Assert.Contains("broken on purpose", thrown.Message, StringComparison.Ordinal);
        Assert.False(new WebSocketDisconnect(result: null, thrown).IsTransient);
    }

    // RFC 8996.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Obsolete_versions_of_TLS_are_not_used(byte minor)
    {
        using var server = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Tls = TestCertificate.ForClient() });
        using RawPeer peer = await server.AcceptAsync();
        byte[] hello = new byte[5];
        await peer.Stream.ReadExactlyAsync(hello).WithDeadline();

        // A ServerHello that chooses SSL 3.0, TLS 1.0 or 1.1: RFC 5246 §7.4.1.3.
        await peer.SendAsync((byte[])
        [
            0x16, 3, minor, 0, 42, 0x02, 0, 0, 38, 3, minor, .. new byte[32], 0, 0xC0, 0x13, 0,
        ]);
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("\u0016\u0003\u0003")]
    public async Task A_server_that_closes_before_TLS_starts_is_TlsFailed(string answer)
    {
        using var server = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Tls = TestCertificate.ForClient() });
        using RawPeer peer = await server.AcceptAsync();

        await peer.SendAsync(answer);
        peer.EndOutput();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    // RFC 8446 §6.1: without close_notify an attacker may have truncated the stream.
    [Fact]
    public async Task An_end_without_close_notify_is_an_abnormal_closure()
    {
        using var server = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Tls = TestCertificate.ForClient() });
        using RawPeer plain = await server.AcceptAsync();
        var tls = new SslStream(plain.Stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsServerAsync(TestCertificate.ForServer()).WithDeadline();
        RawPeer peer = plain.Over(tls);
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        await using WebSocketConnection client = await connecting.WithDeadline();
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Text, "last"u8));
        Assert.Equal("last", (await client.ReceiveMessageAsync().WithDeadline()).GetText());

        plain.EndOutput();

        WebSocketCloseResult closed = await client.Closed.WithDeadline();
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
    }

    [Fact]
    public async Task Stalled_TLS_fails_at_the_handshake_timeout()
    {
        var time = new ManualTimeProvider();
        using var server = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{server.Port}/", new WebSocketClientOptions { TimeProvider = time });
        using RawPeer peer = await server.AcceptAsync();
        await peer.Stream.ReadExactlyAsync(new byte[5]).WithDeadline();

        time.Advance(TimeSpan.FromSeconds(15));
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TimedOut, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
        Assert.Equal(0, time.TimerCount);
    }

    private static async Task<WebSocketHandshakeException> AssertTlsFailsAsync(
        TlsRawServer server, SslClientAuthenticationOptions? tls)
    {
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server, tls).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
        return thrown;
    }

    private static Task<WebSocketConnection> ConnectAsync(TlsRawServer server, SslClientAuthenticationOptions? tls) =>
        WebSocketClient.ConnectAsync(
            "wss://localhost/",
            new WebSocketClientOptions
            {
                UseProxy = false,
                Tls = tls,
                ConnectCallback = async (_, token) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(IPEndPoint.Parse(server.Address.Authority), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            });

    private static TlsRawServer Serve(X509Certificate2 certificate) =>
        new("", new SslServerAuthenticationOptions { ServerCertificate = certificate });

    private static SslClientAuthenticationOptions Trusting() => TestCertificate.TrustingOnly(TestAuthority.Root);
}
