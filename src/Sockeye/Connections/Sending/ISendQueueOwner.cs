namespace Sockeye.Connections.Sending;

/// <summary>What the send side reports to the connection that owns it, and asks of it.</summary>
internal interface ISendQueueOwner
{
    /// <summary>Creates the exception that says why nothing can be sent any more.</summary>
    WebSocketClosedException CreateClosedException();

    /// <summary>The transport does not take everything that it was given. Called outside of any lock.</summary>
    void OnSendBlocked();

    /// <summary>The transport has taken bytes that had to wait: a sign that the peer is alive.</summary>
    void OnSendProgress();

    /// <summary>The send buffer was over its limit and has drained. Called outside of any lock.</summary>
    void OnSendBufferDrained();

    /// <summary>
    /// Everything accepted, with the Close frame at the end, has been given to the transport. Called once, outside of any lock.
    /// </summary>
    void OnCloseWritten();

    /// <summary>Something on the send side threw that must not: the connection is to be failed.</summary>
    void OnFaulted(Exception exception);
}
