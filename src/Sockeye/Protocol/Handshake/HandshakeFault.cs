namespace Sockeye.Protocol;

/// <summary>Why this end's own half of a handshake was not written: a mistake of the caller, not of the peer.</summary>
internal enum HandshakeFault
{
    /// <summary>It was written.</summary>
    None = 0,

    /// <summary>The subprotocol chosen was not offered by the client (RFC 6455 §4.2.2).</summary>
    SubprotocolNotOffered,

    /// <summary>An extension accepted was not offered by the client (RFC 6455 §4.2.2).</summary>
    ExtensionNotOffered,

    /// <summary>A subprotocol to offer is no token, or is there twice (RFC 6455 §4.1).</summary>
    InvalidSubprotocol,

    /// <summary>An extension, or a parameter of one, is no token (RFC 6455 §9.1).</summary>
    InvalidExtension,

    /// <summary>A header's name is no token (RFC 9110 §5.1).</summary>
    InvalidHeaderName,

    /// <summary>A header is one that the handshake writes itself.</summary>
    ReservedHeaderName,

    /// <summary>A header's value has control characters in it or is not Latin-1 (RFC 9110 §5.5).</summary>
    InvalidHeaderValue,

    /// <summary>A reason phrase has control characters in it or is not Latin-1 (RFC 9112 §4).</summary>
    InvalidReasonPhrase,

    /// <summary>The status of a refusal is not 300 to 599.</summary>
    InvalidStatusCode,

    /// <summary>The target is no path with an optional query, in visible ASCII (RFC 9112 §3.2.1).</summary>
    InvalidTarget,

    /// <summary>The host is none, or has more than a port behind it (RFC 9112 §3.2).</summary>
    InvalidHost,

    /// <summary>The key is not 16 bytes in base64 (RFC 6455 §4.1).</summary>
    InvalidKey,

    /// <summary>The version of the WebSocket protocol is neither 13 nor 8.</summary>
    InvalidVersion,
}
