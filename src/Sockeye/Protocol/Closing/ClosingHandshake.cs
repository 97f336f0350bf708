namespace Sockeye.Protocol;

/// <summary>
/// The closing handshake of one end (RFC 6455 §7.1): which Close frames have gone each way, and what is to be done
/// next. The default value is an open connection's.
/// </summary>
/// <remarks>At most one Close frame is sent, and only the first one received counts. Not thread-safe.</remarks>
internal struct ClosingHandshake
{
    /// <summary>What our Close frame said; <see langword="null"/> while none has been sent.</summary>
    public CloseStatus? Sent { get; private set; }

    /// <summary>What the peer's Close frame said; <see langword="null"/> while none has arrived.</summary>
    public CloseStatus? Received { get; private set; }

    /// <summary>Whether the peer's Close frame came before ours was sent.</summary>
    public bool PeerClosedFirst { get; private set; }

    /// <summary>Whether the connection was failed (§7.1.7): the peer broke a rule, or this end gave up.</summary>
    public bool IsFailed { get; private set; }

    /// <summary>Whether data may still be sent: §5.5.1, "MUST NOT send any more data frames after sending a Close frame".</summary>
    public readonly bool MaySendData => Sent is null;

    /// <summary>Whether both ends have said goodbye (§7.1.4: the connection is then "closed cleanly").</summary>
    public readonly bool IsComplete => Sent is not null && Received is not null && !IsFailed;

    /// <summary>The code and reason that the connection ends with, as far as is known (§7.1.5, §7.1.6).</summary>
    /// <param name="failed">Whether this end has given up: then what was received counts only if all had been said.</param>
    public readonly CloseStatus Outcome(bool failed) =>
        (IsComplete || !failed ? Received : null) ?? Sent ?? new CloseStatus(WebSocketCloseCode.AbnormalClosure, "");

    /// <summary>Begins the handshake, or fails the connection.</summary>
    /// <param name="status">What our Close frame is to say.</param>
    /// <param name="failed">Whether this fails the connection, after which nothing received counts.</param>
    /// <returns>Whether a Close frame is to be sent; not if one has been.</returns>
    public bool TrySend(CloseStatus status, bool failed = false)
    {
        IsFailed |= failed;
        if (Sent is not null)
        {
            return false;
        }

        Sent = status;
        return true;
    }

    /// <summary>Takes note of the peer's Close frame.</summary>
    /// <returns>Whether it counts: the first does, unless the connection was failed.</returns>
    public bool TryReceive(CloseStatus status)
    {
        if (Received is not null || IsFailed)
        {
            return false;
        }

        Received = status;
        PeerClosedFirst = Sent is null;
        return true;
    }

    /// <summary>Answers the peer's Close frame: §5.5.1, "MUST send a Close frame in response".</summary>
    /// <param name="reply">What our Close frame is to say: the same.</param>
    /// <returns>Whether a Close frame is to be sent; not if one has been, or none has arrived.</returns>
    public bool TryReply(out CloseStatus reply)
    {
        reply = Received ?? CloseStatus.None;
        return Received is not null && TrySend(reply);
    }
}
