namespace Sockeye.Connections.Receiving;

/// <summary>What a <see cref="Receiver"/> asks of the connection that owns it.</summary>
internal interface IReceiverOwner
{
    /// <summary>The limits, the pool and the wheel.</summary>
    ConnectionSettings Settings { get; }

    /// <summary>The application, for a receiver that calls it.</summary>
    IApplication Application { get; }

    /// <summary>Whether messages may be compressed, so that a few bytes can become a long message.</summary>
    bool IsCompressed { get; }

    /// <summary>Whether other connections wait while one of this thread's is busy.</summary>
    bool SharesThread { get; }

    /// <summary>Whether delivery waits for the peer to take what it was sent.</summary>
    bool MustWaitForSendBuffer { get; }

    /// <summary>Whether everything that arrives from now on is ignored.</summary>
    bool IsInputOver { get; }

    /// <summary>Whether the peer's Close frame has arrived.</summary>
    bool HasPeerClosed { get; }

    /// <summary>Whether messages that were received and not delivered are dropped.</summary>
    bool DropsReceived { get; }

    /// <summary>Whether a call of the transport is in progress, which ends with <see cref="Receiver.OnCallEnded"/>.</summary>
    bool IsCalled { get; }

    /// <summary>Whether one is in progress on another thread, where the handler may be running in place.</summary>
    bool IsCalledElsewhere { get; }

    /// <summary>The transport may read again.</summary>
    void ResumeReading();

    /// <summary>Reading waits for the application while this end closes the connection.</summary>
    void OnReadingPausedWhileClosing();

    /// <summary>The application is done with all that came before the end of the input.</summary>
    void OnApplicationDone();

    /// <summary>The application's code has thrown.</summary>
    void OnHandlerFailed(Exception exception);

    /// <summary>The application's last call for this connection has returned. Called once.</summary>
    void OnServed();

    /// <summary>What is known about the end of the connection so far.</summary>
    WebSocketCloseResult DescribeEnd();

    /// <summary>A deadline has thrown, which it should not.</summary>
    void OnFaulted(Exception exception);
}
