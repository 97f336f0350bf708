namespace Sockeye.Tests;

/// <summary>The ways in which a client is served.</summary>
public enum ClientKind
{
    /// <summary>By an event loop, where there are any.</summary>
    EventLoop,

    /// <summary>By an asynchronous socket.</summary>
    Socket,
}
