namespace Sockeye.Transports;

/// <summary>Whether a transport is to read on.</summary>
internal enum ReadVerdict : byte
{
    /// <summary>Read on.</summary>
    Continue,

    /// <summary>Read nothing more until <see cref="Transport.ResumeReading"/> is called.</summary>
    Pause,
}
