namespace Sockeye.Connections.Sending;

/// <summary>What a <see cref="SendQueue"/> tells the connection that owns it.</summary>
internal interface ISendQueueOwner
{
    /// <summary>Why nothing can be sent any more.</summary>
    WebSocketClosedException CreateClosedException();

    /// <summary>The transport does not take all that it was given. Called outside of any lock.</summary>
    void OnSendBlocked();

    /// <summary>The transport has taken bytes that had to wait: a sign of life.</summary>
    void OnSendProgress();

    /// <summary>The send buffer was over its limit and has drained. Called outside of any lock.</summary>
    void OnSendBufferDrained();

    /// <summary>
    /// Everything accepted, a Close frame the last of it, has been given to the transport. Called once, outside of any lock.
    /// </summary>
    void OnCloseWritten();
}
