using System.Net.Security;

namespace Sockeye;

/// <summary>What does TLS for the connections of a server.</summary>
public enum WebSocketTlsEngine
{
    /// <summary><see cref="System.Net.Security.SslStream"/>, with all of its options. The default.</summary>
    SslStream,

    /// <summary>
    /// OpenSSL 3 in place, on Linux: less CPU time per message and less memory per connection. Where libssl.so.3 is missing, or there are no
    /// event loops, the server logs that and uses <see cref="SslStream"/>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Supports TLS 1.2 and 1.3; RSA and ECDSA certificates with their chain; selection by host name (<see cref="WebSocketEndPoint.SelectTls"/>,
    /// <see cref="SslServerAuthenticationOptions.ServerCertificateSelectionCallback"/>); ALPN; <see cref="CipherSuitesPolicy"/>; session tickets,
    /// whose keys change twice a day; client certificates, checked by <see cref="System.Security.Cryptography.X509Certificates.X509Chain"/> and
    /// the callback, whose sender is the <see cref="WebSocketEndPoint"/>. A session with a client's certificate is never resumed. Without a
    /// policy TLS 1.2 has suites with ECDHE and AEAD only (RFC 9325 §4.2).
    /// </para>
    /// <para>
    /// Rejects, when the server starts, and for each connection with <see cref="WebSocketEndPoint.SelectTls"/>: earlier versions of TLS, an
    /// <see cref="EncryptionPolicy"/> that allows no encryption, a padding of RSA that is not allowed, and with client certificates an
    /// <see cref="SslCertificateTrust"/> (use <see cref="SslServerAuthenticationOptions.CertificateChainPolicy"/> with a custom trust store). Does not staple
    /// OCSP responses, and sends no list of trusted issuers with its request for a certificate.
    /// </para>
    /// </remarks>
    OpenSsl,
}
