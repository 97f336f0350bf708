namespace Sockeye.Transports.Loops;

/// <summary>Linux error numbers, which are the same on every architecture that .NET supports.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int BadDescriptor = 9;
    public const int WouldBlock = 11;
    public const int OutOfMemory = 12;
    public const int AccessDenied = 13;
    public const int FileTableOverflow = 23;
    public const int TooManyOpenFiles = 24;
    public const int NoSpace = 28;
    public const int BrokenPipe = 32;
    public const int NoNetwork = 64;
    public const int Protocol = 71;
    public const int WrongProtocolType = 91;
    public const int OptionNotAvailable = 92;
    public const int NotSupported = 95;
    public const int AddressInUse = 98;
    public const int AddressNotAvailable = 99;
    public const int NetworkDown = 100;
    public const int NetworkUnreachable = 101;
    public const int ConnectionAborted = 103;
    public const int ConnectionReset = 104;
    public const int NoBufferSpace = 105;
    public const int NotConnected = 107;
    public const int TimedOut = 110;
    public const int ConnectionRefused = 111;
    public const int HostDown = 112;
    public const int HostUnreachable = 113;
    public const int InProgress = 115;
    public const int Canceled = 125;
}
