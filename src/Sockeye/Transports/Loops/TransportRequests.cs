namespace Sockeye.Transports.Loops;

/// <summary>What has been asked of a transport and must be done by its loop.</summary>
[Flags]
internal enum TransportRequests
{
    None = 0,
    Start = 1,
    TellOutputFailed = 2,
    Write = 4,
    ResumeReading = 8,
    GoOnWriting = 16,
    Close = 32,
    Abort = 64,
}
