namespace Sockeye.Transports;

/// <summary>What carries the bytes of a transport, below TLS.</summary>
internal enum NetworkTransport
{
    /// <summary>Not known: a stream of the application.</summary>
    Unknown,

    /// <summary>A TCP connection.</summary>
    Tcp,

    /// <summary>A Unix socket.</summary>
    Unix,

    /// <summary>A pipe.</summary>
    Pipe,
}
