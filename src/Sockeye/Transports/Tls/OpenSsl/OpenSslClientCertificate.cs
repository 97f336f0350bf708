using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>Checks the certificate of a client as <see cref="SslStream"/> does: its chain, and then the application's callback.</summary>
/// <param name="options">The options of the server.</param>
/// <param name="sender">The first argument of the callback.</param>
internal sealed class OpenSslClientCertificate(SslServerAuthenticationOptions options, object sender)
{
    // id-kp-clientAuth (RFC 5280 §4.2.1.12).
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private const X509ChainStatusFlags Untrusted =
        X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.ExplicitDistrust;

    private bool _isChecked;

    // Of the chain in progress: the certificates in its store that are the application's.
    private int _ownStoreCount;

    /// <summary>The certificate, if the client has sent one.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <summary>Checks what the client has sent.</summary>
    public OpenSslVerdict Check(byte[] certificate, IReadOnlyList<byte[]> others)
    {
        _isChecked = true;
        Certificate = X509CertificateLoader.LoadCertificate(certificate);
        using X509Chain chain = ChainFor(others);
        try
        {
            SslPolicyErrors errors =
                chain.Build(Certificate) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors;
            return IsAccepted(chain, errors) ? OpenSslVerdict.Accepted : VerdictOf(chain);
        }
        finally
        {
            foreach (X509ChainElement element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }

            foreach (X509Certificate2 other in chain.ChainPolicy.ExtraStore.Skip(_ownStoreCount))
            {
                other.Dispose();
            }
        }
    }

    /// <summary>Checks that a client may have no certificate, after its handshake.</summary>
    /// <returns>Whether it has one, or needs none.</returns>
    public bool CheckAbsence() => _isChecked || IsAccepted(chain: null, SslPolicyErrors.RemoteCertificateNotAvailable);

    private bool IsAccepted(X509Chain? chain, SslPolicyErrors errors) =>
        options.RemoteCertificateValidationCallback is { } callback
            ? callback(sender, Certificate, chain, errors)
            : errors == SslPolicyErrors.None || (Certificate is null && !options.ClientCertificateRequired);

    private X509Chain ChainFor(IReadOnlyList<byte[]> others)
    {
        var chain = new X509Chain();
        if (options.CertificateChainPolicy is { } policy)
        {
            chain.ChainPolicy = policy.Clone();
        }
        else
        {
            chain.ChainPolicy.RevocationMode = options.CertificateRevocationCheckMode;
            chain.ChainPolicy.RevocationFlag = X509RevocationFlag.ExcludeRoot;
        }

        if (chain.ChainPolicy.ApplicationPolicy.Count == 0)
        {
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        }

        _ownStoreCount = chain.ChainPolicy.ExtraStore.Count;
        foreach (byte[] other in others)
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(other));
        }

        return chain;
    }

    private static OpenSslVerdict VerdictOf(X509Chain chain)
    {
        X509ChainStatusFlags flags = chain.ChainStatus.Aggregate(
            X509ChainStatusFlags.NoError, static (flags, status) => flags | status.Status);
        return (flags & X509ChainStatusFlags.Revoked) != 0 ? OpenSslVerdict.Revoked
            : (flags & Untrusted) != 0 ? OpenSslVerdict.UnknownIssuer
            : (flags & X509ChainStatusFlags.NotTimeValid) != 0 ? OpenSslVerdict.Expired
            : OpenSslVerdict.Rejected;
    }
}
