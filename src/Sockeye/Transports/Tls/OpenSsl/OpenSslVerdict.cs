namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>The result of checking a client's certificate, a value of X509_V_*, from which OpenSSL derives its alert (RFC 8446 §6.2).</summary>
internal enum OpenSslVerdict
{
    /// <summary>X509_V_OK: the certificate is accepted.</summary>
    Accepted = 0,

    /// <summary>X509_V_ERR_CERT_HAS_EXPIRED: certificate_expired.</summary>
    Expired = 10,

    /// <summary>X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknown_ca.</summary>
    UnknownIssuer = 20,

    /// <summary>X509_V_ERR_CERT_REVOKED: certificate_revoked.</summary>
    Revoked = 23,

    /// <summary>X509_V_ERR_CERT_REJECTED: bad_certificate.</summary>
    Rejected = 28,
}
