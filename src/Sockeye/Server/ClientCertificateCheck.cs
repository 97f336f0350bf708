using System.Net.Security;
using Sockeye.Handshakes;

namespace Sockeye.Server;

/// <summary>Finds out why the certificate of a client was rejected, where one is asked for, and which callbacks threw.</summary>
internal sealed class ClientCertificateCheck
{
    /// <summary>How the certificate was checked; <see langword="null"/> if none is asked for.</summary>
    public CertificateCheck? Check { get; private set; }

    /// <summary>
    /// The options for one connection: those of the application are for all of them, and are used as they are where they have no
    /// certificate checked and no certificate selected by a callback.
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
