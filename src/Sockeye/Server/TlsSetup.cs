using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Server;

/// <summary>Finds what would keep a server from speaking TLS with any client, before a client is blamed for it.</summary>
internal static class TlsSetup
{
    /// <summary>The fault of options that a server is to use; <see langword="null"/> if none is seen.</summary>
    public static string? FaultOf(SslServerAuthenticationOptions? options) => options switch
    {
        null => "There are no options for TLS.",
        { ServerCertificateSelectionCallback: not null } => null,
        { ServerCertificateContext: { } context } => FaultOf(context.TargetCertificate),
        { ServerCertificate: X509Certificate2 certificate } => FaultOf(certificate),
        { ServerCertificate: null } => "TLS has no certificate.",
        _ => null,
    };

    private static string? FaultOf(X509Certificate2 certificate) =>
        certificate.HasPrivateKey ? null : $"The certificate of {certificate.Subject} has no private key.";
}
