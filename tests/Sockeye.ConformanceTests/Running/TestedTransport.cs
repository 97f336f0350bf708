namespace Sockeye.Tests;

/// <summary>The transport of the endpoint under test.</summary>
public enum TestedTransport
{
    /// <summary>The in-memory transport of the tests: everything happens in place.</summary>
    InMemory,

    /// <summary>The stream transport, over a stream whose reads are the peer's writes.</summary>
    Stream,

    /// <summary>The socket transport, over TCP on the loopback interface.</summary>
    Socket,

    /// <summary>The stream transport, over TLS on the loopback interface.</summary>
    Tls,

    /// <summary>The event loop's transport, over TCP on the loopback interface.</summary>
    EventLoop,

    /// <summary>TLS in place on an event loop, over TCP on the loopback interface.</summary>
    TlsEventLoop,

    /// <summary>TLS in place on an event loop, by OpenSSL, over TCP on the loopback interface. Servers only.</summary>
    OpenSslEventLoop,
}
