using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Protocol;

namespace Sockeye.Handshakes;

/// <summary>
/// Checks the peer's certificate as TLS does, or with the application's callback, and records why it was rejected: the exception
/// of TLS does not include the reason.
/// </summary>
/// <param name="callback">The application's callback; <see langword="null"/> if there is none.</param>
/// <param name="host">The name that a server's certificate must be for; <see langword="null"/> for a client's certificate.</param>
internal sealed class CertificateCheck(RemoteCertificateValidationCallback? callback, string? host)
{
    // The limit of names, and of faults: a certificate may have hundreds.
    private const int MaxShownCount = 5;

    private const X509ChainStatusFlags Untrusted =
        X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.ExplicitDistrust;

    private const X509ChainStatusFlags Uncheckable =
        X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation;

    /// <summary>Whether the application has a callback.</summary>
    public bool HasCallback => callback is not null;

    /// <summary>Why the certificate was rejected; <see langword="null"/> if it was not.</summary>
    public TlsDiagnosis? Diagnosis { get; private set; }

    /// <summary>Checks the certificate: a <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Diagnosis = null;
        bool isAccepted;
        try
        {
            isAccepted = callback?.Invoke(sender, certificate, chain, errors) ?? errors == SslPolicyErrors.None;
        }
        catch (Exception exception)
        {
            throw new TlsCallbackException(exception);
        }

        Diagnosis = isAccepted ? null : Diagnose(certificate, chain, errors);
        return isAccepted;
    }

    private TlsDiagnosis Diagnose(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return new(WebSocketTlsFailure.MissingCertificate, "the peer sent no certificate");
        }

        X509ChainStatusFlags flags = FlagsOf(chain);
        string detail = $"the certificate {PeerText.Quote(certificate.Subject)}"
            + $" (issuer {PeerText.Quote(certificate.Issuer)}) was rejected";
        var causes = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            causes.Add(DescribeChain(chain));
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            causes.Add($"it is not for {PeerText.Quote(host)} but for {DescribeNames(certificate)}");
        }

        if (errors == SslPolicyErrors.None)
        {
            causes.Add("the application's callback rejected it");
        }

        return new(ToFailure(flags, errors), $"{detail}: {string.Join("; ", causes)}");
    }

    private static X509ChainStatusFlags FlagsOf(X509Chain? chain) =>
        chain is null
            ? X509ChainStatusFlags.NoError
            : chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (flags, status) => flags | status.Status);

    private static WebSocketTlsFailure ToFailure(X509ChainStatusFlags flags, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None ? WebSocketTlsFailure.CertificateRejectedByApplication
        : !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? WebSocketTlsFailure.CertificateNameMismatch
        : (flags & X509ChainStatusFlags.Revoked) != 0 ? WebSocketTlsFailure.CertificateRevoked
        : (flags & Untrusted) != 0 ? WebSocketTlsFailure.UntrustedCertificate
        : (flags & X509ChainStatusFlags.NotTimeValid) != 0 ? WebSocketTlsFailure.CertificateNotTimeValid
        : (flags & ~Uncheckable) == 0 && flags != 0 ? WebSocketTlsFailure.RevocationUnknown
        : WebSocketTlsFailure.InvalidCertificate;

    private static string DescribeChain(X509Chain? chain)
    {
        string[] faults =
        [
            .. (chain?.ChainStatus ?? []).DistinctBy(static status => status.Status)
                .Take(MaxShownCount)
                .Select(static status => $"{status.Status}, {PeerText.Escape(status.StatusInformation.TrimEnd('.', '\n', '\r', ' '))}"),
        ];
        return faults.Length == 0 ? "its chain could not be built" : $"its chain has faults ({string.Join("; ", faults)})";
    }

    private static string DescribeNames(X509Certificate certificate)
    {
        using var copy = new X509Certificate2(certificate);
        string[] names =
        [
            .. copy.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(static names => names.EnumerateDnsNames()
                    .Concat(names.EnumerateIPAddresses().Select(static address => address.ToString()))),
        ];
        string shown = string.Join(", ", names.Take(MaxShownCount).Select(static name => PeerText.Quote(name)));
        return names.Length == 0 ? "no name"
            : names.Length > MaxShownCount ? $"{shown} and {names.Length - MaxShownCount} more"
            : shown;
    }
}
