namespace Sockeye.Transports;

/// <summary>Limits of TLS records, and the types that a peer can send first (RFC 8446 §5.1).</summary>
internal static class TlsRecord
{
    /// <summary>The maximum length of the plaintext of a record (RFC 8446 §5.1).</summary>
    public const int MaxPlaintextLength = 16 * 1024;

    /// <summary>An alert record.</summary>
    public const byte Alert = 21;

    /// <summary>A handshake record.</summary>
    public const byte Handshake = 22;

    /// <summary>Whether a first byte can begin TLS. No HTTP message begins with it.</summary>
    public static bool CanBeginWith(byte first) => first is Alert or Handshake;
}
