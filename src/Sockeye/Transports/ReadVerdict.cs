namespace Sockeye.Transports;

/// <summary>Whether a transport is to read on.</summary>
internal enum ReadVerdict : byte
{
    /// <summary>Read on.</summary>
    Continue,

    /// <summary>Read nothing more until <see cref="Transport.ResumeReading"/> is called.</summary>
    Pause,

    /// <summary>
    /// Read on; and answer <see cref="Transport.ResumeReading"/> with <see cref="ITransportSink.OnReadingResumed"/> although
    /// there is no pause: the sink waits for more than bytes, and is to be called when that has come.
    /// </summary>
    Await,

    /// <summary>
    /// The sink has kept bytes, because its <see cref="Transport.Slice"/> was used up: read nothing more, and call
    /// <see cref="ITransportSink.OnReadingResumed"/> when others have had their turn.
    /// </summary>
    Yield,
}
