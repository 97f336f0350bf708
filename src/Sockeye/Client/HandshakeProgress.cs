using System.Runtime.CompilerServices;
using Sockeye.Handshakes;

namespace Sockeye.Client;

/// <summary>The progress of an attempt to connect, to report where it ended.</summary>
internal sealed class HandshakeProgress
{
    private volatile WebSocketHandshakePhase _phase = WebSocketHandshakePhase.Connect;
    private volatile Exception? _cause;
    private volatile StrongBox<TlsDiagnosis>? _tls;

    /// <summary>What the attempt is about. Set by whichever thread goes on with it.</summary>
    public WebSocketHandshakePhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    /// <summary>
    /// Why the transport could not be connected, if that is known better here than by the HTTP client, whose exception says
    /// less or something else.
    /// </summary>
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

    /// <summary>Another request begins: what was known of the last is of no use.</summary>
    public void Forget()
    {
        _cause = null;
        _tls = null;
    }
}
