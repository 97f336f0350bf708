using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>Sets TLS up for one client on an event loop.</summary>
internal abstract class LoopTlsSetup
{
    /// <summary>The record of the handshake; <see langword="null"/> before the client has sent something.</summary>
    public abstract TlsOpening? Opening { get; }

    /// <summary>Creates the engine: the client has sent something.</summary>
    public abstract TlsEngine CreateEngine();

    /// <summary>The handshake is complete.</summary>
    public abstract void OnHandshakeCompleted(WebSocketTlsInformation information);
}
