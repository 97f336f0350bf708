namespace Sockeye.Tests;

/// <summary>How a server behind a proxy listens.</summary>
public enum BackendKind
{
    Plain,
    Tls,
    UnixSocket,
}
