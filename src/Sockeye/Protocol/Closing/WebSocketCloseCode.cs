namespace Sockeye;

/// <summary>Why a connection was closed (RFC 6455 §7.4.1, and the IANA registry that §11.7 set up).</summary>
/// <remarks>
/// Codes 3000 to 3999 are for libraries and frameworks, 4000 to 4999 for applications: cast the number to this type.
/// </remarks>
public enum WebSocketCloseCode
{
    /// <summary>The purpose of the connection is fulfilled.</summary>
    NormalClosure = 1000,

    /// <summary>The end goes away: a server shuts down, a browser leaves the page.</summary>
    GoingAway = 1001,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>The end was sent a kind of data that it cannot accept.</summary>
    UnsupportedData = 1003,

    // 1004 is reserved.

    /// <summary>The Close frame had no code. Never sent: this is how its absence is reported.</summary>
    NoStatusReceived = 1005,

    /// <summary>The connection ended without a Close frame. Never sent: this is how its absence is reported.</summary>
    AbnormalClosure = 1006,

    /// <summary>A message was not what its kind says: text that is not UTF-8, for example.</summary>
    InvalidPayload = 1007,

    /// <summary>A message broke a policy of the end; the code for want of a better one.</summary>
    PolicyViolation = 1008,

    /// <summary>A message was too big to process.</summary>
    MessageTooBig = 1009,

    /// <summary>The client wanted an extension that the server did not negotiate.</summary>
    MandatoryExtension = 1010,

    /// <summary>The end met a condition that it did not expect.</summary>
    InternalError = 1011,

    /// <summary>The server restarts; connect again, after a random delay.</summary>
    ServiceRestart = 1012,

    /// <summary>The server is overloaded; connect again later, or elsewhere.</summary>
    TryAgainLater = 1013,

    /// <summary>A gateway got no valid answer from the server behind it.</summary>
    BadGateway = 1014,

    /// <summary>TLS failed. Never sent: this is how that failure is reported.</summary>
    TlsHandshake = 1015,
}
