namespace Sockeye.Tests;

/// <summary>The transports that a contract is held by.</summary>
public enum TransportKind
{
    /// <summary>A socket transport over TCP.</summary>
    Socket,

    /// <summary>A stream transport over the stream of a TCP socket.</summary>
    Stream,

    /// <summary>A stream transport over TLS.</summary>
    Tls,

    /// <summary>TLS in place on an event loop.</summary>
    TlsEventLoop,

    /// <summary>TLS in place on an event loop, by OpenSSL at the server's end.</summary>
    OpenSslEventLoop,

    /// <summary>A stream transport over a named pipe, which cannot be ended in one direction.</summary>
    Pipe,

    /// <summary>An event loop's transport over TCP.</summary>
    EventLoop,

    /// <summary>An event loop's transport over a Unix socket.</summary>
    EventLoopUnix,

    /// <summary>A pipe transport over the pipe of an HTTP server, which cannot be ended in one direction.</summary>
    ServerPipe,
}
