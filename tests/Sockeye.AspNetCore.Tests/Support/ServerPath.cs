namespace Sockeye.Tests;

/// <summary>The way that the bytes of a connection take through an application.</summary>
public enum ServerPath
{
    /// <summary>Kestrel's own transport: the pipes of its connection.</summary>
    Pipes,

    /// <summary>Sockeye's transport: the socket is handed over.</summary>
    HandOver,

    /// <summary>A middleware wraps the stream of the upgrade: only the stream is left.</summary>
    Stream,

    /// <summary>HTTP/1.1 over TLS of Kestrel's.</summary>
    Tls,

    /// <summary>HTTP/1.1 over TLS of Kestrel's, above Sockeye's transport.</summary>
    TlsOnLoop,

    /// <summary>An extended CONNECT of HTTP/2, over TLS.</summary>
    Http2,

    /// <summary>The same above Sockeye's transport.</summary>
    Http2OnLoop,
}
