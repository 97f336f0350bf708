namespace Sockeye.Connections.Sending;

/// <summary>How far a send side has come. It only ever goes forward.</summary>
internal enum SendStage : byte
{
    /// <summary>Takes anything.</summary>
    Open,

    /// <summary>A Close frame waits behind sends that wait for room: no new data.</summary>
    Closing,

    /// <summary>The Close frame is in its place: nothing more goes behind it.</summary>
    CloseQueued,

    /// <summary>The transport is gone.</summary>
    Terminated,
}
