namespace Sockeye.Transports.Tls;

/// <summary>The sink of a <see cref="TlsTransport"/> until its handshake is over. Called on the loop's thread.</summary>
internal interface ITlsHandshakeSink : ITransportSink
{
    /// <summary>Creates the engine: the peer has sent something, or has ended its direction.</summary>
    TlsEngine CreateEngine();

    /// <summary>The handshake waits for more of the peer.</summary>
    void OnHandshakeContinues();

    /// <summary>The handshake is complete. Sets another sink, which may be called before this method's caller returns.</summary>
    void OnHandshakeCompleted();

    /// <summary>
    /// The handshake has failed, or the transport has ended during it. The transport discards what is received until it is closed.
    /// </summary>
    /// <param name="exception">The cause.</param>
    void OnHandshakeFailed(Exception exception);
}
