using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Server.Listening;

namespace Sockeye.Tests;

/// <summary>Which certificate a server presents, and what its options are made into.</summary>
public sealed class ServerCertificatesTests
{
    [Fact]
    public void A_certificate_has_one_context()
    {
        using X509Certificate2 other = TestCertificate.MakeFor("other.example");

        SslStreamCertificateContext context = ServerCertificates.ContextOf(TestCertificate.Value);

        Assert.Same(context, ServerCertificates.ContextOf(TestCertificate.Value));
        Assert.NotSame(context, ServerCertificates.ContextOf(other));
        Assert.Equal(TestCertificate.Value.Thumbprint, context.TargetCertificate.Thumbprint);
    }

    [Fact]
    public void Options_are_completed_in_a_copy_with_the_context_of_the_certificate()
    {
        SslServerAuthenticationOptions given = TestCertificate.ForServer();
        given.AllowRenegotiation = true;
        given.EnabledSslProtocols = SslProtocols.Tls13;
        given.ApplicationProtocols = [SslApplicationProtocol.Http11];
        given.AllowTlsResume = false;

        SslServerAuthenticationOptions first = ServerTlsOptions.Complete(given);
        SslServerAuthenticationOptions second = ServerTlsOptions.Complete(given);

        Assert.Same(ServerCertificates.ContextOf(TestCertificate.Value), first.ServerCertificateContext);
        Assert.Same(first.ServerCertificateContext, second.ServerCertificateContext);
        Assert.Null(first.ServerCertificate);
        Assert.False(first.AllowRenegotiation);
        Assert.Equal(
            (SslProtocols.Tls13, given.ApplicationProtocols, false),
            (first.EnabledSslProtocols, first.ApplicationProtocols, first.AllowTlsResume));
        Assert.Equal((TestCertificate.Value, null, true), (given.ServerCertificate, given.ServerCertificateContext, given.AllowRenegotiation));
    }

    [Fact]
    public void A_handshake_may_block_with_a_callback_a_client_certificate_or_a_new_certificate()
    {
        SslServerAuthenticationOptions plain = TestCertificate.ForServer();
        using X509Certificate2 other = TestCertificate.MakeFor("localhost");
        var unknown = new SslServerAuthenticationOptions { ServerCertificate = other };
        SslServerAuthenticationOptions required = TestCertificate.ForServer();
        required.ClientCertificateRequired = true;
        SslServerAuthenticationOptions validating = TestCertificate.ForServer();
        validating.RemoteCertificateValidationCallback = static (_, certificate, _, _) => TestCertificate.IsValue(certificate);
        SslServerAuthenticationOptions selecting = TestCertificate.ForServer();
        selecting.ServerCertificateSelectionCallback = static (_, _) => TestCertificate.Value;

        _ = ServerTlsOptions.Complete(plain);

        Assert.True(ServerTlsOptions.IsReady(plain));
        Assert.All([required, validating, selecting, unknown], static options => Assert.False(ServerTlsOptions.IsReady(options)));
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task A_selection_callback_is_asked_with_the_host_name_and_serves_two_certificates(ServerKind kind)
    {
        using X509Certificate2 one = TestCertificate.MakeFor("one.example");
        using X509Certificate2 other = TestCertificate.MakeFor("other.example");
        List<string?> asked = [];
        SslServerAuthenticationOptions tls = new()
        {
            ServerCertificateSelectionCallback = (_, host) =>
            {
                asked.Add(host);
                return host == "one.example" ? one : other;
            },
        };
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { Tls = tls });

        Assert.Equal(one.Thumbprint, await PresentedAsync(server, "one.example"));
        Assert.Equal(other.Thumbprint, await PresentedAsync(server, "other.example"));
        Assert.Equal(["one.example", "other.example"], asked);
    }

    [Theory]
    [EachServer(SslProtocols.Tls12, IsSecure = true)]
    [EachServer(SslProtocols.Tls13, IsSecure = true)]
    public async Task Application_protocols_and_the_version_are_negotiated(ServerKind kind, SslProtocols version)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        tls.ApplicationProtocols = [SslApplicationProtocol.Http11];
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { Tls = tls });
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        options.EnabledSslProtocols = version;

        using RawPeer client = await RawPeer.ConnectTlsAsync(server.LocalEndPoint, options);
        await client.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        var stream = (SslStream)client.Stream;
        Assert.Equal((SslApplicationProtocol.Http11, version), (stream.NegotiatedApplicationProtocol, stream.SslProtocol));
        WebSocketTlsInformation seen = Assert.Single(server.GetConnections()).Request!.Tls!;
        Assert.Equal(
            (version, stream.NegotiatedCipherSuite, "localhost", null),
            (seen.Protocol, seen.CipherSuite, seen.ServerName, seen.ClientCertificate));
    }

    private static async Task<string?> PresentedAsync(WebSocketServer server, string host)
    {
        string? presented = null;
        using RawPeer client = await RawPeer.ConnectTlsAsync(server.LocalEndPoint, new SslClientAuthenticationOptions
        {
            TargetHost = host,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                presented = certificate?.GetCertHashString();
                return certificate?.Subject == "CN=" + host;
            },
        });
        await client.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return presented;
    }
}
