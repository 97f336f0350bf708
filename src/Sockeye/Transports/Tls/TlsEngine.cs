namespace Sockeye.Transports.Tls;

/// <summary>
/// TLS of one connection as a machine: ciphertext in, plaintext out, and back. It has no socket, no thread and no clock.
/// </summary>
/// <remarks>
/// <see cref="Handshake"/> and <see cref="Decrypt"/> are called by one thread, <see cref="Encrypt"/> and <see cref="EndOutput"/> by one
/// thread at a time, which may be another; but <see cref="EndOutput"/> never during the other two.
/// </remarks>
internal abstract class TlsEngine : IDisposable
{
    /// <summary>Takes the records that the engine produces. Set before any other call.</summary>
    public abstract ICiphertextSink Output { set; }

    /// <summary>The negotiated parameters, after the handshake.</summary>
    public abstract WebSocketTlsInformation Information { get; }

    /// <summary>
    /// Whether the peer has ended its direction with close_notify (RFC 8446 §6.1): known after all ciphertext was passed, even if
    /// <see cref="Decrypt"/> has not returned it.
    /// </summary>
    public abstract bool HasInputEnded { get; }

    /// <summary>Continues the handshake with what has arrived.</summary>
    /// <param name="ciphertext">What has arrived; on return, the part that is not used.</param>
    /// <returns>Whether the handshake is complete.</returns>
    /// <exception cref="Exception">The handshake has failed. An alert, if there is one, has been passed to <see cref="Output"/>.</exception>
    public abstract bool Handshake(ref ReadOnlySpan<byte> ciphertext);

    /// <summary>The transport has ended during the handshake, which fails in the next call of <see cref="Handshake"/>.</summary>
    /// <param name="error">The cause; <see langword="null"/> if the peer has ended its direction in order.</param>
    public abstract void EndHandshake(Exception? error);

    /// <summary>Decrypts what has arrived, until there is plaintext or nothing is left.</summary>
    /// <param name="ciphertext">What has arrived; on return, the part that is not used.</param>
    /// <param name="plaintext">
    /// Where to put plaintext: at least as long as a record. The same memory in each call: the engine may put into it what it completes in
    /// a later one.
    /// </param>
    /// <param name="length">The length of the plaintext.</param>
    /// <exception cref="IOException">A record is not valid.</exception>
    public abstract TlsDecryption Decrypt(ref ReadOnlySpan<byte> ciphertext, Memory<byte> plaintext, out int length);

    /// <summary>Encrypts bytes into as few records as possible, and passes them to <see cref="Output"/>.</summary>
    public abstract void Encrypt(ReadOnlySpan<byte> plaintext);

    /// <summary>Passes close_notify to <see cref="Output"/>. Nothing is encrypted after that.</summary>
    public abstract void EndOutput();

    /// <inheritdoc/>
    public abstract void Dispose();
}
