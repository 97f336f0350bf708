using System.Runtime.CompilerServices;
using Sockeye.Handshakes;

namespace Sockeye.Client;

/// <summary>Records how far an attempt to connect got, and why it failed.</summary>
internal sealed class HandshakeProgress
{
    private volatile WebSocketHandshakePhase _phase = WebSocketHandshakePhase.Connect;
    private volatile Exception? _cause;
    private volatile StrongBox<TlsDiagnosis>? _tls;

    /// <summary>The current phase. Set by the thread that continues the attempt.</summary>
    public WebSocketHandshakePhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    /// <summary>Why the transport could not be connected, if this is more precise than the HTTP client's exception.</summary>
    public Exception? Cause
    {
        get => _cause;
        set => _cause = value;
    }

    /// <summary>Why TLS with the server failed, if it did.</summary>
    public TlsDiagnosis? Tls
    {
        get => _tls?.Value;
        set => _tls = value is { } diagnosis ? new(diagnosis) : null;
    }

    /// <summary>Clears the causes of the previous request.</summary>
    public void Reset()
    {
        _cause = null;
        _tls = null;
    }
}
