namespace Sockeye.Connections.Sending;

/// <summary>What the send side reports to the connection that owns it, and asks of it.</summary>
internal interface ISendQueueOwner
{
    /// <summary>Creates the exception that says why nothing can be sent any more.</summary>
    WebSocketClosedException CreateClosedException();

    /// <summary>
    /// Whether received messages wait for the application, which is likely to send a reply to each of them. Called under the lock of the
    /// queue; any thread.
    /// </summary>
    bool HasWaitingMessages => false;

    /// <summary>The transport does not take everything that it was given. Called outside of any lock.</summary>
    void OnSendBlocked();

    /// <summary>The transport has taken bytes that had to wait: a sign that the peer is alive.</summary>
    void OnSendProgress();

    /// <summary>
    /// A message was refused, or waits with its sender: for room, or for its turn. Called outside of any lock.
    /// </summary>
    void OnNoRoom();

    /// <summary>A policy for slow consumers has dropped messages. Called outside of any lock.</summary>
    /// <param name="drops">Which ones.</param>
    /// <param name="becomesSlow">Whether the peer is slow from now on (<see cref="SendQueue.IsSlow"/>).</param>
    void OnDropped(in SendDrops drops, bool becomesSlow);

    /// <summary>
    /// The send buffer was over its limit, or the peer slow (<see cref="SendQueue.IsSlow"/>), and it has drained. Called outside of any
    /// lock.
    /// </summary>
    void OnSendBufferDrained();

    /// <summary>
    /// Everything accepted, with the Close frame at the end, has been given to the transport. Called once, outside of any lock.
    /// </summary>
    void OnCloseWritten();

    /// <summary>
    /// A frame of a message is about to become bytes. Called under the lock of the queue, and only while metrics are collected.
    /// </summary>
    /// <param name="isText">Whether the message is text.</param>
    /// <param name="length">The length of the payload on the wire.</param>
    /// <param name="savedLength">See <see cref="OutgoingFrame.SavedLength"/>.</param>
    /// <param name="endsMessage">Whether the frame ends its message.</param>
    void OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage);

    /// <summary>The transport has taken bytes. Called as <see cref="OnFrameMeasured"/> is.</summary>
    /// <param name="length">How many; negative for those of the opening handshake that are counted before they are written.</param>
    void OnWriteMeasured(long length);

    /// <summary>Something on the send side threw that must not: the connection is to be failed.</summary>
    void OnFaulted(Exception exception);
}
