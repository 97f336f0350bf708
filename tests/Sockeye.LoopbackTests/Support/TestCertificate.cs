using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>A certificate for localhost and the loopback addresses that nobody but these tests trusts.</summary>
internal static class TestCertificate
{
    private static readonly Lazy<X509Certificate2> Made = new(() => MakeFor("localhost"));

    public static X509Certificate2 Value => Made.Value;

    /// <summary>What a server needs to use it.</summary>
    public static SslServerAuthenticationOptions ForServer() => new() { ServerCertificate = Value };

    /// <summary>What a client needs to trust it, and no other.</summary>
    public static SslClientAuthenticationOptions ForClient() => new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = static (_, certificate, _, _) =>
            certificate is not null && certificate.GetCertHashString() == Value.GetCertHashString(),
    };

    /// <summary>Another one, for a host.</summary>
    public static X509Certificate2 MakeFor(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        // Some platforms cannot use a key that was never stored.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}
