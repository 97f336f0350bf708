using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>A certificate that nobody trusts but who is told to.</summary>
internal static class SelfMadeCertificate
{
    private static readonly Lazy<X509Certificate2> Made = new(() => MakeFor("localhost"));

    /// <summary>The one for localhost and 127.0.0.1.</summary>
    public static X509Certificate2 Localhost => Made.Value;

    /// <summary>What Chromium is told, to trust it: the hash of its key.</summary>
    public static string LocalhostKeyHash =>
        Convert.ToBase64String(SHA256.HashData(Localhost.PublicKey.ExportSubjectPublicKeyInfo()));

    public static X509Certificate2 MakeFor(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={host}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>What a client needs to trust it, and no other.</summary>
    public static SslClientAuthenticationOptions ForClient() => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { Localhost },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    /// <summary>Writes certificate and key to files of a folder, and both to a third, as programs want them.</summary>
    public static async Task WriteAsync(this X509Certificate2 certificate, ProgramFolder folder)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        string keyText = key.ExportPkcs8PrivateKeyPem() + "\n";
        string certificateText = certificate.ExportCertificatePem() + "\n";
        await folder.WriteAsync("certificate.pem", certificateText);
        await folder.WriteAsync("key.pem", keyText);
        await folder.WriteAsync("both.pem", certificateText + keyText);
    }
}
