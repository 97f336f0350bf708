using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>A certificate authority, for tests that need a chain. Made once in a process.</summary>
internal static class TestAuthority
{
    private static readonly byte[] SerialNumber = [1, 2, 3];

    private static readonly Lazy<X509Certificate2> Made = new(Make);

    /// <summary>The root, which has issued all of <see cref="Issue"/>.</summary>
    public static X509Certificate2 Root => Made.Value;

    /// <summary>Issues a certificate for a host, valid for some days; for a negative number it has expired.</summary>
    public static X509Certificate2 Issue(string host, int daysLeft)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 signed = request.Create(Root, now.AddDays(-30), now.AddDays(daysLeft), SerialNumber);
        using X509Certificate2 withKey = signed.CopyWithPrivateKey(key);
        return TestCertificate.WithStoredKey(withKey);
    }

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 root = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(1));
        return TestCertificate.WithStoredKey(root);
    }
}
