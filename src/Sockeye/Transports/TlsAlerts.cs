using System.Security.Cryptography;

namespace Sockeye.Transports;

/// <summary>Names and classifies TLS alerts (RFC 8446 §6, RFC 5246 §7.2, and IANA's registry of TLS alerts).</summary>
internal static class TlsAlerts
{
    /// <summary>The peer closes the connection without an error.</summary>
    public const byte CloseNotify = 0;

    // The positions of the library and the reason in an OpenSSL error code (ERR_GET_LIB, ERR_GET_REASON). 20 is ERR_LIB_SSL; the
    // reason of a received alert is 1000 plus its number (SSL_AD_REASON_OFFSET).
    private const int LibraryShift = 23;
    private const int LibraryMask = 0xFF;
    private const int ReasonMask = 0x7F_FFFF;
    private const int SslLibrary = 20;
    private const int AlertReasonOffset = 1000;

    /// <summary>Returns the name of an alert and its number.</summary>
    public static string Describe(byte alert) => $"{NameOf(alert)} ({alert})";

    /// <summary>Returns the handshake failure that an alert from the peer means.</summary>
    public static WebSocketTlsFailure ToFailure(byte alert) => alert switch
    {
        CloseNotify => WebSocketTlsFailure.ConnectionClosed,
        >= 41 and <= 46 or 48 or 49 or 113 or 114 or 116 => WebSocketTlsFailure.CertificateRejectedByPeer,
        _ => IsAboutParameters(alert) ? WebSocketTlsFailure.NoCommonParameters : WebSocketTlsFailure.AlertReceived,
    };

    /// <summary>Whether an alert says that the two ends have no parameters in common.</summary>
    public static bool IsAboutParameters(byte alert) => alert is 40 or 70 or 71 or 86 or 109 or 110 or 120;

    /// <summary>
    /// Returns the alert behind an exception, if the alert was encrypted and OpenSSL read it. In TLS 1.3 that includes every
    /// alert that a server sends about a client's certificate.
    /// </summary>
    public static byte? In(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            int code = cause.HResult;
            if (cause is CryptographicException
                && ((code >> LibraryShift) & LibraryMask) == SslLibrary
                && (code & ReasonMask) - AlertReasonOffset is >= 0 and <= byte.MaxValue and int alert)
            {
                return (byte)alert;
            }
        }

        return null;
    }

    private static string NameOf(byte alert) => alert switch
    {
        CloseNotify => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "an unknown alert",
    };
}
