namespace Sockeye.Tests;

/// <summary>The system calls that a test makes fail.</summary>
public enum SystemCallKind
{
    Receive,
    Send,
    SendTwo,
    Accept,
    ControlEpoll,
    ShutdownOutput,
    ResetWhenClosed,
}
