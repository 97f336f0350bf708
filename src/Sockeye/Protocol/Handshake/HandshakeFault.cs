namespace Sockeye.Protocol;

/// <summary>A mistake of the caller because of which this end's part of a handshake was not written.</summary>
internal enum HandshakeFault
{
    /// <summary>No fault; the head was written.</summary>
    None = 0,

    /// <summary>The chosen subprotocol was not offered by the client (RFC 6455 §4.2.2).</summary>
    SubprotocolNotOffered,

    /// <summary>An accepted extension was not offered by the client (RFC 6455 §4.2.2).</summary>
    ExtensionNotOffered,

    /// <summary>A subprotocol is not a valid token, or is repeated (RFC 6455 §4.1).</summary>
    InvalidSubprotocol,

    /// <summary>The name of an extension or of a parameter, or a value, is not a valid token (RFC 6455 §9.1).</summary>
    InvalidExtension,

    /// <summary>A header name is not a valid token (RFC 9110 §5.1).</summary>
    InvalidHeaderName,

    /// <summary>A header is reserved for the handshake, which writes it itself.</summary>
    ReservedHeaderName,

    /// <summary>A header value contains control characters or is not Latin-1 (RFC 9110 §5.5).</summary>
    InvalidHeaderValue,

    /// <summary>A reason phrase contains control characters or is not Latin-1 (RFC 9112 §4).</summary>
    InvalidReasonPhrase,

    /// <summary>The status of a rejection is not between 300 and 599.</summary>
    InvalidStatusCode,

    /// <summary>The target is not a path with an optional query in visible ASCII (RFC 9112 §3.2.1).</summary>
    InvalidTarget,

    /// <summary>The host is not valid, or is followed by more than a port (RFC 9112 §3.2).</summary>
    InvalidHost,

    /// <summary>The key is not 16 bytes in base64 (RFC 6455 §4.1).</summary>
    InvalidKey,

    /// <summary>The WebSocket version is neither 13 nor 8.</summary>
    InvalidVersion,
}
