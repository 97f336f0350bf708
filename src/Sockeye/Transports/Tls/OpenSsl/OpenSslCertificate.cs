using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// A certificate with its chain and key, from which contexts are made, also later: copies, because the application may dispose of its
/// certificate meanwhile.
/// </summary>
internal sealed class OpenSslCertificate
{
    /// <summary>Copies the certificate of a context of the platform.</summary>
    /// <exception cref="NotSupportedException">The key is neither RSA nor ECDSA.</exception>
    public OpenSslCertificate(SslStreamCertificateContext context)
    {
        Target = context.TargetCertificate.RawData;
        Intermediates = [.. context.IntermediateCertificates.Select(static intermediate => intermediate.RawData)];
        Key = KeyOf(context.TargetCertificate);
    }

    /// <summary>The certificate, in DER.</summary>
    public byte[] Target { get; }

    /// <summary>The certificates between it and the root, in DER.</summary>
    public IReadOnlyList<byte[]> Intermediates { get; }

    /// <summary>The key, freed by its finalizer.</summary>
    public SafeEvpPKeyHandle Key { get; }

    private static SafeEvpPKeyHandle KeyOf(X509Certificate2 certificate)
    {
        using RSA? rsa = certificate.GetRSAPrivateKey();
        using ECDsa? ecdsa = rsa is null ? certificate.GetECDsaPrivateKey() : null;
        return rsa is RSAOpenSsl openRsa ? openRsa.DuplicateKeyHandle()
            : ecdsa is ECDsaOpenSsl openEcdsa ? openEcdsa.DuplicateKeyHandle()
            : throw new NotSupportedException("The private key is neither RSA nor ECDSA, or not one of OpenSSL.");
    }
}
