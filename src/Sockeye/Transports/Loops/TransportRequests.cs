namespace Sockeye.Transports.Loops;

/// <summary>The requests that a transport's loop has yet to execute.</summary>
[Flags]
internal enum TransportRequests
{
    None = 0,
    Start = 1,
    ReportOutputFailed = 2,
    Write = 4,
    ResumeReading = 8,
    ContinueWriting = 16,
    Close = 32,
    Abort = 64,
    Flush = 128,
}
