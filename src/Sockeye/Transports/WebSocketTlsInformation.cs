using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye;

/// <summary>What a client and a server agreed on in the handshake of TLS.</summary>
public sealed class WebSocketTlsInformation
{
    internal WebSocketTlsInformation(SslStream stream)
    {
        Protocol = stream.SslProtocol;
        CipherSuite = stream.NegotiatedCipherSuite;
        ServerName = stream.TargetHostName;
        ClientCertificate = stream.IsServer && stream.RemoteCertificate is { } certificate
            ? certificate as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(certificate.GetRawCertData())
            : null;
    }

    /// <summary>The version of TLS.</summary>
    public SslProtocols Protocol { get; }

    /// <summary>The cipher suite.</summary>
    public TlsCipherSuite CipherSuite { get; }

    /// <summary>The host that the client asked for (RFC 6066 §3); empty if it did not say.</summary>
    public string ServerName { get; }

    /// <summary>The client's certificate; <see langword="null"/> if it was not asked for one, or had none.</summary>
    /// <remarks>
    /// Whether it is to be trusted was decided by <see cref="SslServerAuthenticationOptions.RemoteCertificateValidationCallback"/>.
    /// </remarks>
    public X509Certificate2? ClientCertificate { get; }
}
