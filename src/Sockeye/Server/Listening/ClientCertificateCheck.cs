using System.Net.Security;
using Sockeye.Handshakes;

namespace Sockeye.Server.Listening;

/// <summary>Determines why the certificate of a client was rejected, if one is required, and which callbacks threw.</summary>
internal sealed class ClientCertificateCheck
{
    /// <summary>The check of the certificate; <see langword="null"/> if none is required.</summary>
    public CertificateCheck? Check { get; private set; }

    /// <summary>
    /// Returns the options for one connection. Those of the application are shared by all connections, and are used unchanged if they
    /// require no certificate and select none by a callback.
    /// </summary>
    public SslServerAuthenticationOptions Over(SslServerAuthenticationOptions options)
    {
        if (options is { ClientCertificateRequired: false, ServerCertificateSelectionCallback: null })
        {
            return options;
        }

        Check = options.ClientCertificateRequired
            ? new CertificateCheck(options.RemoteCertificateValidationCallback, host: null)
            : null;
        var copy = new SslServerAuthenticationOptions
        {
            ClientCertificateRequired = options.ClientCertificateRequired,
            RemoteCertificateValidationCallback = Check is null ? options.RemoteCertificateValidationCallback : Check.Validate,
            ApplicationProtocols = options.ApplicationProtocols,
            AllowRenegotiation = options.AllowRenegotiation,
            AllowTlsResume = options.AllowTlsResume,
            CertificateChainPolicy = options.CertificateChainPolicy,
            CertificateRevocationCheckMode = options.CertificateRevocationCheckMode,
            CipherSuitesPolicy = options.CipherSuitesPolicy,
            EnabledSslProtocols = options.EnabledSslProtocols,
            EncryptionPolicy = options.EncryptionPolicy,
            ServerCertificate = options.ServerCertificate,
            ServerCertificateContext = options.ServerCertificateContext,
            ServerCertificateSelectionCallback = TlsCallbackException.Mark(options.ServerCertificateSelectionCallback),
        };
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            copy.AllowRsaPkcs1Padding = options.AllowRsaPkcs1Padding;
            copy.AllowRsaPssPadding = options.AllowRsaPssPadding;
        }

        return copy;
    }
}
