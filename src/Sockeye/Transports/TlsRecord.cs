namespace Sockeye.Transports;

/// <summary>The TLS record types that a peer can send first (RFC 8446 §5.1).</summary>
internal static class TlsRecord
{
    /// <summary>An alert record.</summary>
    public const byte Alert = 21;

    /// <summary>A handshake record.</summary>
    public const byte Handshake = 22;

    /// <summary>Whether a first byte can begin TLS. No HTTP message begins with it.</summary>
    public static bool CanBeginWith(byte first) => first is Alert or Handshake;
}
