using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Server.Listening;

/// <summary>Completes the TLS options of an application for its connections.</summary>
internal static class ServerTlsOptions
{
    /// <summary>Whether a handshake calls code of the application, or of the system that may take long.</summary>
    public static bool MayBlock(SslServerAuthenticationOptions options) =>
        options.ClientCertificateRequired || options.RemoteCertificateValidationCallback is not null
        || options.ServerCertificateSelectionCallback is not null;

    /// <summary>Returns the options for a connection whose handshake calls nothing.</summary>
    public static SslServerAuthenticationOptions Complete(SslServerAuthenticationOptions options)
    {
        if (options is { ServerCertificateContext: not null, AllowRenegotiation: false })
        {
            return options;
        }

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
