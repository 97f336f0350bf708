namespace Sockeye.Connections.Lifecycle;

/// <summary>What the deadlines for a peer that stalls ask of the connection that owns them.</summary>
internal interface IPeerDeadlineOwner
{
    /// <summary>The timeouts, and the wheel.</summary>
    ConnectionSettings Settings { get; }

    /// <summary>Whether the transport has not taken all that it was given.</summary>
    bool IsSendBlocked { get; }

    /// <summary>Whether what the peer sends is not looked at, because the application is busy.</summary>
    bool WaitsForApplication { get; }

    /// <summary>How far the peer's host has acknowledged what this end sent; <see langword="null"/> if that is unknown.</summary>
    /// <param name="end">Where all that was accepted so far ends, by the same count.</param>
    uint? GetAcknowledged(out uint end);

    /// <summary>Whether the peer is slow (<see cref="Sending.SendQueue.IsSlow"/>).</summary>
    bool IsSlow { get; }

    /// <summary>Whether <see cref="OnSlowChanged"/> is to be called although there are no listeners.</summary>
    bool LogsSlow { get; }

    /// <summary>The peer has become slow, or has caught up. On the thread pool, one call at a time.</summary>
    /// <param name="isSlow">Which of both.</param>
    /// <param name="listeners">Whom to call.</param>
    void OnSlowChanged(bool isSlow, Delegate? listeners);

    /// <summary>The peer has been slow for <see cref="SlowConsumerOptions.CloseAfter"/>.</summary>
    void OnSlowTooLong();

    /// <summary>The peer has taken nothing for <see cref="WebSocketConnectionOptions.SendTimeout"/>.</summary>
    void OnSendStalled();

    /// <summary>The peer has sent nothing more of a message, or not all of it, in time.</summary>
    /// <param name="timeout">The time.</param>
    /// <param name="isPaused">Whether it has sent nothing more.</param>
    void OnMessageStalled(TimeSpan timeout, bool isPaused);

    /// <summary>A deadline has thrown, which none should.</summary>
    void OnFaulted(Exception exception);
}
