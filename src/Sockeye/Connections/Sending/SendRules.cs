namespace Sockeye.Connections.Sending;

/// <summary>The one place that decides what happens to a frame. Pure: changes nothing.</summary>
internal static class SendRules
{
    /// <summary>Returns how a message is sent that does not wait, under a policy for slow consumers.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="key">The message's key. Without one, <see cref="WebSocketSlowConsumerPolicy.LatestPerKey"/> cannot replace it.</param>
    public static SendMode ModeOf(WebSocketSlowConsumerPolicy policy, string? key) => policy switch
    {
        WebSocketSlowConsumerPolicy.DropNewest => SendMode.DropNewest,
        WebSocketSlowConsumerPolicy.DropOldest => SendMode.DropOldest,
        WebSocketSlowConsumerPolicy.LatestPerKey when key is not null => SendMode.LatestPerKey,
        _ => SendMode.Try,
    };

    /// <summary>Decides what happens to a frame.</summary>
    /// <param name="mode">How the frame is sent.</param>
    /// <param name="state">How far the send side has come, and whether the transport keeps up.</param>
    /// <param name="hasRoom">Whether the send buffer has room for a frame of this kind.</param>
    /// <param name="isTurn">Whether no frame and no open message goes first.</param>
    public static SendAdmission Admit(SendMode mode, in SendState state, bool hasRoom, bool isTurn)
    {
        SendStage stage = state.Stage;
        return mode switch
        {
            SendMode.Try when stage == SendStage.Open =>
                !hasRoom ? SendAdmission.Refused : isTurn ? SendAdmission.Accepted : SendAdmission.Queued,
            SendMode.Wait when stage == SendStage.Open =>
                hasRoom && isTurn ? SendAdmission.Accepted : SendAdmission.Waits,
            SendMode.TryTurn when stage == SendStage.Open =>
                hasRoom && isTurn ? SendAdmission.Accepted : SendAdmission.Refused,

            SendMode.DropNewest when stage == SendStage.Open =>
                !hasRoom ? SendAdmission.Dropped : isTurn ? SendAdmission.Accepted : SendAdmission.Queued,

            // What was compressed must be sent: nothing is, while messages wait that must stay droppable.
            SendMode.TryTurnUnblocked when stage == SendStage.Open =>
                hasRoom && isTurn && !state.IsBlocked ? SendAdmission.Accepted : SendAdmission.Refused,

            // Frames that may be dropped or replaced later are queued as frames while another thread, or the transport, writes: the
            // writer encodes them when it comes back.
            SendMode.DropOldest when stage == SendStage.Open =>
                !hasRoom ? SendAdmission.Dropped
                : isTurn && !state.IsWriting ? SendAdmission.Accepted
                : SendAdmission.Queued,
            SendMode.LatestPerKey when stage == SendStage.Open =>
                !hasRoom ? SendAdmission.Refused
                : isTurn && !state.IsWriting ? SendAdmission.Accepted
                : SendAdmission.Queued,
            SendMode.InTurn when stage <= SendStage.Closing => SendAdmission.Accepted,
            SendMode.Reply when stage <= SendStage.Closing =>
                state.IsWriting && (state.IsBlocked || !hasRoom) ? SendAdmission.Queued : SendAdmission.Accepted,
            SendMode.Handshake when stage != SendStage.Terminated => SendAdmission.Accepted,
            SendMode.Close when stage == SendStage.Open => isTurn ? SendAdmission.Accepted : SendAdmission.Queued,
            SendMode.CloseNow when stage <= SendStage.Closing => SendAdmission.Accepted,
            _ => SendAdmission.Closed,
        };
    }
}

/// <summary>How a frame is sent: what happens if it cannot go at once, and until which stage it may be sent.</summary>
internal enum SendMode : byte
{
    /// <summary>Is refused without room. Without the turn, it waits alone and its sender continues.</summary>
    Try,

    /// <summary>Is dropped without room. Without the turn, it waits alone and its sender continues.</summary>
    DropNewest,

    /// <summary>
    /// Is dropped without room, and may be dropped for a later one while it waits. The queue has dropped earlier ones to make room
    /// before it asks.
    /// </summary>
    DropOldest,

    /// <summary>Is refused without room, and may be replaced by a later one with the same key while it waits.</summary>
    LatestPerKey,

    /// <summary>Its sender waits with it, for room and for the turn.</summary>
    Wait,

    /// <summary>Asks for the turn in which its sender makes the frame. Is refused without room or turn.</summary>
    TryTurn,

    /// <summary>As <see cref="TryTurn"/>, and is refused if the transport is blocked.</summary>
    TryTurnUnblocked,

    /// <summary>Was made in its turn, and is sent no matter how much is buffered.</summary>
    InTurn,

    /// <summary>A reply to a ping. While the transport is blocked only the newest reply is kept (RFC 6455 §5.5.3).</summary>
    Reply,

    /// <summary>The end of the opening handshake, before any frame.</summary>
    Handshake,

    /// <summary>The Close frame, behind the sends that wait.</summary>
    Close,

    /// <summary>The Close frame, ahead of the sends that wait, which fail. It may have been among them.</summary>
    CloseNow,
}

/// <summary>What happens to a frame that is given to a <see cref="SendQueue"/>.</summary>
internal enum SendAdmission : byte
{
    /// <summary>Not sent: the connection no longer sends frames of its kind.</summary>
    Closed,

    /// <summary>Not sent: there is no room, and its sender does not wait.</summary>
    Refused,

    /// <summary>Not sent: there is no room, and the policy for slow consumers drops it.</summary>
    Dropped,

    /// <summary>It waits for room or for its turn, and so does its sender.</summary>
    Waits,

    /// <summary>It waits, and its sender continues.</summary>
    Queued,

    /// <summary>It may be sent. It then becomes one of the values below.</summary>
    Accepted,

    /// <summary>Its sender has the turn, and makes the frame now.</summary>
    HasTurn,

    /// <summary>It is written together with what another thread is writing, or when its own thread uncorks.</summary>
    Held,

    /// <summary>Its sender writes it, from where the payload is.</summary>
    WriteFrame,

    /// <summary>Its sender writes a segment that contains the frame.</summary>
    WriteSegment,

    /// <summary>Its sender writes a segment that ends in the frame's header, and then the payload.</summary>
    WriteSegmentAndPayload,
}
