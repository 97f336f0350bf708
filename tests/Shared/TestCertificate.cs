using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>The certificate of all tests: self-signed, for localhost and the loopback addresses, made once in a process.</summary>
internal static class TestCertificate
{
    private static readonly Lazy<X509Certificate2> Made = new(() => MakeFor("localhost"));

    public static X509Certificate2 Value => Made.Value;

    /// <summary>The SHA-256 hash of its public key, by which Chromium can be made to trust it.</summary>
    public static string KeyHash =>
        Convert.ToBase64String(SHA256.HashData(Value.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>The options of a server that presents it.</summary>
    public static SslServerAuthenticationOptions ForServer() => new() { ServerCertificate = Value };

    /// <summary>The options of a client that trusts it, whatever its name, and no other.</summary>
    public static SslClientAuthenticationOptions ForClient() => new()
    {
        TargetHost = "localhost",
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => IsValue(certificate),
    };

    /// <summary>The options of a client that checks all that the platform checks, and trusts it as a root.</summary>
    public static SslClientAuthenticationOptions ForCheckingClient() => TrustingOnly(Value);

    /// <summary>The options of a client that trusts one root and no other.</summary>
    public static SslClientAuthenticationOptions TrustingOnly(X509Certificate2 root) => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { root },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    /// <summary>Whether a peer has presented it.</summary>
    public static bool IsValue(X509Certificate? presented) =>
        presented is not null && presented.GetCertHashString() == Value.GetCertHashString();

    /// <summary>Makes another one, for a host.</summary>
    public static X509Certificate2 MakeFor(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return WithStoredKey(certificate);
    }

    /// <summary>Returns the private key as text, for programs that read it from a file.</summary>
    public static string ExportKeyPem(this X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>Copies a certificate with its key: some platforms cannot use a key that was never stored.</summary>
    public static X509Certificate2 WithStoredKey(X509Certificate2 certificate) => X509CertificateLoader.LoadPkcs12(
        certificate.Export(X509ContentType.Pkcs12), password: null, X509KeyStorageFlags.Exportable);
}
