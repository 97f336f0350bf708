using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Server.Listening;

/// <summary>Completes the TLS options of an application for its connections.</summary>
internal static class ServerTlsOptions
{
    /// <summary>
    /// Whether a handshake calls nothing that may take long: no code of the application, no check of a client's certificate, and no search for
    /// the chain of one whose context has not been made.
    /// </summary>
    public static bool IsReady(SslServerAuthenticationOptions options) =>
        options is
        {
            ClientCertificateRequired: false, RemoteCertificateValidationCallback: null, ServerCertificateSelectionCallback: null,
        }
        && (options.ServerCertificateContext is not null
            || (options.ServerCertificate is X509Certificate2 certificate && ServerCertificates.HasContextOf(certificate)));

    /// <summary>Returns the options for one connection: those of the application may change.</summary>
    public static SslServerAuthenticationOptions Complete(SslServerAuthenticationOptions options)
    {
        SslServerAuthenticationOptions copy = Copy(options);
        UseContext(copy);
        return copy;
    }

    /// <summary>Replaces a certificate by its context.</summary>
    public static void UseContext(SslServerAuthenticationOptions options)
    {
        if (options is { ServerCertificateContext: null, ServerCertificate: X509Certificate2 { HasPrivateKey: true } certificate })
        {
            options.ServerCertificateContext = ServerCertificates.ContextOf(certificate);
            options.ServerCertificate = null;
        }
    }

    /// <summary>Returns a copy, without renegotiation: nothing in a WebSocket connection needs it (RFC 9325 §3.5).</summary>
    public static SslServerAuthenticationOptions Copy(SslServerAuthenticationOptions options)
    {
        var copy = new SslServerAuthenticationOptions
        {
            ClientCertificateRequired = options.ClientCertificateRequired,
            RemoteCertificateValidationCallback = options.RemoteCertificateValidationCallback,
            ApplicationProtocols = options.ApplicationProtocols,
            AllowRenegotiation = false,
            AllowTlsResume = options.AllowTlsResume,
            CertificateChainPolicy = options.CertificateChainPolicy,
            CertificateRevocationCheckMode = options.CertificateRevocationCheckMode,
            CipherSuitesPolicy = options.CipherSuitesPolicy,
            EnabledSslProtocols = options.EnabledSslProtocols,
            EncryptionPolicy = options.EncryptionPolicy,
            ServerCertificate = options.ServerCertificate,
            ServerCertificateContext = options.ServerCertificateContext,
            ServerCertificateSelectionCallback = options.ServerCertificateSelectionCallback,
        };
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            copy.AllowRsaPkcs1Padding = options.AllowRsaPkcs1Padding;
            copy.AllowRsaPssPadding = options.AllowRsaPssPadding;
        }

        return copy;
    }
}
