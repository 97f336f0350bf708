using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>Sockeye's client with OpenSSL's server, which rejects its certificate.</summary>
public sealed class OpenSslServerTests : IDisposable
{
    private readonly ProgramFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("-tls1_2", true, WebSocketTlsFailure.CertificateRejectedByPeer, "unknown")]
    [InlineData("-tls1_3", true, WebSocketTlsFailure.CertificateRejectedByPeer, "unknown")]
    [InlineData("-tls1_3", false, WebSocketTlsFailure.CertificateRejectedByPeer, "certificate")]
    public async Task Rejected_client_certificate_is_reported_with_the_alert(
        string option, bool hasCertificate, WebSocketTlsFailure expected, string said)
    {
        using X509Certificate2 alice = TestCertificate.MakeFor("alice");
        await _folder.WriteAsync(TestCertificate.Value);
        int port = FreePort.Next();
        await using PeerProcess process = PeerProcess.Start(
            PeerPrograms.Require("openssl"),
            [
                "s_server", "-accept", $"127.0.0.1:{port}", "-cert", _folder["certificate.pem"], "-key", _folder["key.pem"],
                "-Verify", "1", "-verify_return_error", "-quiet", option,
            ]);
        await process.ListensAsync(port);
        SslClientAuthenticationOptions tls = TestCertificate.ForCheckingClient();
        tls.ClientCertificates = hasCertificate ? [alice] : null;

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                $"wss://127.0.0.1:{port}/", new WebSocketClientOptions { Tls = tls, UseProxy = false }, Deadline.Token()));

        Assert.Equal((WebSocketHandshakeError.TlsFailed, expected), (thrown.Error, thrown.TlsFailure));
        Assert.Contains(said, thrown.Message, StringComparison.Ordinal);
        Assert.Contains("alert", thrown.Message, StringComparison.Ordinal);
    }
}
