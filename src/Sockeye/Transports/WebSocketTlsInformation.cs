using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye;

/// <summary>The parameters that a client and a server negotiated in the TLS handshake.</summary>
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

    internal WebSocketTlsInformation(
        SslProtocols protocol, TlsCipherSuite cipherSuite, string serverName, X509Certificate2? clientCertificate)
    {
        Protocol = protocol;
        CipherSuite = cipherSuite;
        ServerName = serverName;
        ClientCertificate = clientCertificate;
    }

    /// <summary>The TLS version.</summary>
    public SslProtocols Protocol { get; }

    /// <summary>The cipher suite.</summary>
    public TlsCipherSuite CipherSuite { get; }

    /// <summary>The host name that the client requested (RFC 6066 §3); empty if it sent none.</summary>
    public string ServerName { get; }

    /// <summary>The client's certificate, or <see langword="null"/> if none was requested or sent.</summary>
    /// <remarks>
    /// <see cref="SslServerAuthenticationOptions.RemoteCertificateValidationCallback"/> decided whether to trust it.
    /// </remarks>
    public X509Certificate2? ClientCertificate { get; }
}
