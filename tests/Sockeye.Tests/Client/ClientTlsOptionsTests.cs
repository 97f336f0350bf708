using System.Net.Security;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Client;

namespace Sockeye.Tests;

public sealed class ClientTlsOptionsTests
{
    // A property that a later version of the platform adds fails this until it is carried over.
    [Fact]
    public void TLS_options_of_the_application_are_kept()
    {
        SslClientAuthenticationOptions theirs = NotDefault();

        SslClientAuthenticationOptions copy = ClientTls.Complete(theirs, "host.example", mayBeHttp2: false);

        Assert.All(
            typeof(SslClientAuthenticationOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance),
            property =>
            {
                Assert.False(
                    Equals(property.GetValue(theirs), property.GetValue(new SslClientAuthenticationOptions())),
                    $"{property.Name} is not set to anything here.");
                Assert.Equal(property.GetValue(theirs), property.GetValue(copy));
            });
    }

    [Theory]
    [InlineData(null, "host.example")]
    [InlineData("other.example", "other.example")]
    [InlineData("", "")]
    public void TargetHost_defaults_to_the_host_of_the_address(string? theirs, string expected)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = theirs };

        SslClientAuthenticationOptions copy = ClientTls.Complete(options, "host.example", mayBeHttp2: false);

        Assert.Equal(expected, copy.TargetHost);
        Assert.Equal(theirs, options.TargetHost);
    }

    // CT-40: "no ALPN h2".
    [Theory]
    [InlineData(false, null, null)]
    [InlineData(false, "h2", "")]
    [InlineData(false, "h2 http/1.1", "http/1.1")]
    [InlineData(false, "x", "x")]
    [InlineData(true, null, "h2 http/1.1")]
    [InlineData(true, "x", "h2 http/1.1")]
    public void HTTP2_is_offered_only_if_it_may_be_used(bool mayBeHttp2, string? theirs, string? expected)
    {
        var options = new SslClientAuthenticationOptions
        {
            ApplicationProtocols = theirs?.Split(' ').Select(name => new SslApplicationProtocol(name)).ToList(),
        };

        SslClientAuthenticationOptions copy = ClientTls.Complete(options, "host.example", mayBeHttp2);

        Assert.Equal(expected, copy.ApplicationProtocols is null ? null : string.Join(' ', copy.ApplicationProtocols));
    }

    private static SslClientAuthenticationOptions NotDefault()
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "theirs.example",
            AllowRenegotiation = false,
            AllowTlsResume = false,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateChainPolicy = new X509ChainPolicy(),
            CertificateRevocationCheckMode = X509RevocationMode.Online,
            ClientCertificates = [],
            EnabledSslProtocols = SslProtocols.Tls13,
#pragma warning disable SYSLIB0040 // The application may enable it on the platform.
            EncryptionPolicy = EncryptionPolicy.AllowNoEncryption,
#pragma warning restore SYSLIB0040
            LocalCertificateSelectionCallback = (_, _, _, _, _) => null!,
            RemoteCertificateValidationCallback = (_, _, _, _) => false,
        };
        options.ClientCertificateContext = SslStreamCertificateContext.Create(
            TestCertificate.Value, additionalCertificates: null);
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            options.AllowRsaPkcs1Padding = false;
            options.AllowRsaPssPadding = false;
        }

        if (OperatingSystem.IsLinux())
        {
            options.CipherSuitesPolicy = new CipherSuitesPolicy([TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
        }

        return options;
    }
}
