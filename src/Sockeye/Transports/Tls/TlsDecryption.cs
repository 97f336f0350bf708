namespace Sockeye.Transports.Tls;

/// <summary>What became of a piece of ciphertext.</summary>
internal enum TlsDecryption
{
    /// <summary>All of it is used, and the engine needs more.</summary>
    NeedsMore,

    /// <summary>There is plaintext. The rest of the ciphertext is to be passed again.</summary>
    Decrypted,

    /// <summary>The peer has ended its direction with close_notify (RFC 8446 §6.1).</summary>
    Ended,
}
