namespace Sockeye.Connections.Lifecycle;

/// <summary>What a <see cref="KeepAlive"/> asks of the connection that owns it.</summary>
internal interface IKeepAliveOwner
{
    /// <summary>How long the peer may be silent.</summary>
    KeepAliveOptions KeepAliveOptions { get; }

    /// <summary>Whether nothing is being read, because the application is busy: not even a pong is seen then.</summary>
    bool IsReadingPaused { get; }

    /// <summary>How many messages the application has taken that had to wait for it, as a count that may wrap.</summary>
    int TakenCount { get; }

    /// <summary>Sends a ping.</summary>
    void SendKeepAlivePing();

    /// <summary>The peer has not shown any life in time.</summary>
    void OnPeerSilent();

    /// <summary>One of the calls above has thrown, which none should.</summary>
    void OnFaulted(Exception exception);

    /// <summary>
    /// Whether the last ping has not reached the peer's system yet, and part of what was sent before it has since the last
    /// look: over a slow link, or because the peer reads slowly.
    /// </summary>
    bool IsPingOnItsWay();

    /// <summary>Whether the peer's system is known to have acknowledged nothing at all for so long.</summary>
    bool IsPeerSilentFor(TimeSpan duration);
}
