namespace Sockeye.Protocol;

/// <summary>What a connection has to do after an event of its <see cref="ConnectionLifecycle"/>, in this order.</summary>
[Flags]
internal enum LifecycleCommands : ushort
{
    /// <summary>Nothing has to be done.</summary>
    None = 0,

    /// <summary>Queue the Close frame behind everything accepted, and behind the sends that wait for room.</summary>
    SendClose = 1 << 0,

    /// <summary>Queue the Close frame behind everything accepted; fail the sends that wait for room.</summary>
    SendCloseBeforePending = 1 << 1,

    /// <summary>The Close frame may still wait behind sends that wait for room: fail these, and queue it.</summary>
    ExpediteClose = 1 << 2,

    /// <summary>Accept no more sends, though no Close frame will follow what was accepted.</summary>
    EndSends = 1 << 3,

    /// <summary>Once everything accepted has been written, end this end's direction of the transport.</summary>
    EndOutput = 1 << 4,

    /// <summary>Once everything accepted has been written, close the transport.</summary>
    CloseWhenWritten = 1 << 5,

    /// <summary>Close the transport; what is being written at this moment is finished.</summary>
    CloseTransport = 1 << 6,

    /// <summary>Reset the transport.</summary>
    AbortTransport = 1 << 7,

    /// <summary>Schedule <see cref="ConnectionLifecycle.Wait"/>, in place of what was scheduled.</summary>
    Schedule = 1 << 8,

    /// <summary>The result is final: report it to the application.</summary>
    Report = 1 << 9,

    /// <summary>Send a keep-alive ping.</summary>
    SendPing = 1 << 10,

    /// <summary>Send a pong with the payload of the ping.</summary>
    AnswerPing = 1 << 11,

    /// <summary>Arm the deadline for a peer that takes nothing of what it is sent, until everything has been written.</summary>
    WatchSends = 1 << 12,

    /// <summary>Disarm the keep-alive deadline.</summary>
    StopPings = 1 << 13,

    /// <summary>Disarm the deadlines for blocked writes and for incomplete messages.</summary>
    StopDeadlines = 1 << 14,
}
