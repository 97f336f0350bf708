namespace Sockeye.Tests;

/// <summary>The ways in which a server serves.</summary>
public enum ServerKind
{
    /// <summary>TCP on event loops, where there are any.</summary>
    EventLoop,

    /// <summary>TCP with asynchronous sockets.</summary>
    Socket,

    /// <summary>TLS over TCP, with asynchronous sockets.</summary>
    Tls,

    /// <summary>TLS over TCP, in place on event loops, where there are any.</summary>
    TlsEventLoop,

    /// <summary>TLS over TCP, in place on event loops by OpenSSL, where there are any.</summary>
    OpenSslEventLoop,
}
