namespace Sockeye.Transports;

/// <summary>What a transport does next, as its sink decides after each call.</summary>
internal enum ReadVerdict : byte
{
    /// <summary>Keeps reading.</summary>
    Continue,

    /// <summary>Stops reading until <see cref="Transport.ResumeReading"/> is called.</summary>
    Pause,

    /// <summary>
    /// Keeps reading, and responds to <see cref="Transport.ResumeReading"/> with <see cref="ITransportSink.OnReadingResumed"/>
    /// although reading is not paused: the sink waits for something besides bytes, and needs a call when that has happened.
    /// </summary>
    Await,

    /// <summary>
    /// Stops reading, because the sink has used up its <see cref="Transport.Slice"/> and kept bytes.
    /// <see cref="ITransportSink.OnReadingResumed"/> is called after other connections have had their turn.
    /// </summary>
    Yield,
}
