namespace Sockeye.Transports;

/// <summary>The types of TLS records that a peer can send first (RFC 8446 §5.1).</summary>
internal static class TlsRecord
{
    /// <summary>An alert.</summary>
    public const byte Alert = 21;

    /// <summary>A part of the handshake.</summary>
    public const byte Handshake = 22;

    /// <summary>Whether a first byte can be that of TLS. No message of HTTP begins with it.</summary>
    public static bool CanBeginWith(byte first) => first is Alert or Handshake;
}
