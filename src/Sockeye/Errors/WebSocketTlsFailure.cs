namespace Sockeye;

/// <summary>
/// The reason why a TLS handshake failed. The message of a <see cref="WebSocketHandshakeException"/> and the log have the
/// details.
/// </summary>
/// <remarks>Stable across versions: switch on these, not on messages. Members are added at the end.</remarks>
public enum WebSocketTlsFailure
{
    /// <summary>A cause that is not listed below.</summary>
    Other = 0,

    /// <summary>The chain of the peer's certificate does not end at an authority that this end trusts.</summary>
    UntrustedCertificate,

    /// <summary>The server's certificate is not for the name that the client connects to (RFC 9525).</summary>
    CertificateNameMismatch,

    /// <summary>A certificate has expired, or is not valid yet.</summary>
    CertificateNotTimeValid,

    /// <summary>A certificate has been revoked.</summary>
    CertificateRevoked,

    /// <summary>Revocation must be checked, and could not be.</summary>
    RevocationUnknown,

    /// <summary>The chain of the peer's certificate has another fault, such as a bad signature or a usage that is not allowed.</summary>
    InvalidCertificate,

    /// <summary>The peer did not send a certificate, although one is required.</summary>
    MissingCertificate,

    /// <summary>The application's callback rejected a certificate in which the platform found no fault.</summary>
    CertificateRejectedByApplication,

    /// <summary>The peer rejected this end's certificate, or the lack of one (RFC 8446 §6.2).</summary>
    CertificateRejectedByPeer,

    /// <summary>The two ends have no version of TLS, cipher suite or application protocol in common.</summary>
    NoCommonParameters,

    /// <summary>The peer ended the handshake with another alert (RFC 8446 §6.2).</summary>
    AlertReceived,

    /// <summary>The peer speaks HTTP without TLS on this port.</summary>
    PlainHttp,

    /// <summary>The peer sent neither TLS nor HTTP.</summary>
    NotTls,

    /// <summary>The peer closed the transport during the handshake.</summary>
    ConnectionClosed,

    /// <summary>The transport was reset, or failed, during the handshake.</summary>
    ConnectionReset,

    /// <summary>The handshake timed out, or this end stopped meanwhile.</summary>
    TimedOut,

    /// <summary>This end failed: a certificate has no private key, for example, or a callback of the application threw.</summary>
    LocalFault,
}
