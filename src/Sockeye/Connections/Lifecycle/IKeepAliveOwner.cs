namespace Sockeye.Connections.Lifecycle;

/// <summary>What a <see cref="KeepAlive"/> asks of the connection that owns it.</summary>
internal interface IKeepAliveOwner
{
    /// <summary>How long the peer may be silent.</summary>
    KeepAliveOptions KeepAliveOptions { get; }

    /// <summary>Whether nothing is read, because the application is busy: not even a pong is seen then.</summary>
    bool IsReadingPaused { get; }

    /// <summary>How many messages the application has taken that had to wait for it, as a count that may wrap.</summary>
    int TakenCount { get; }

    /// <summary>How long ago the peer's host acknowledged anything; <see langword="null"/> if that is unknown.</summary>
    TimeSpan? SinceAcknowledgment { get; }

    /// <summary>Sends a ping.</summary>
    void SendKeepAlivePing();

    /// <summary>Sends an unsolicited pong.</summary>
    void SendKeepAlivePong();

    /// <summary>
    /// Whether the last ping has not reached the peer's host yet, which has acknowledged data before it since the last call: over a
    /// slow link, or because the peer reads slowly.
    /// </summary>
    bool IsPingOnItsWay();

    /// <summary>The peer has shown no sign of life in time.</summary>
    void OnPeerSilent();

    /// <summary>One of the calls above has thrown, which none should.</summary>
    void OnFaulted(Exception exception);
}
