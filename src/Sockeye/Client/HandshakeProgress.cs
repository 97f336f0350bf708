namespace Sockeye.Client;

/// <summary>How far an attempt to connect has come, for whoever has to say where it ended.</summary>
internal sealed class HandshakeProgress
{
    private volatile WebSocketHandshakePhase _phase = WebSocketHandshakePhase.Connect;

    /// <summary>What the attempt is about. Set by whichever thread goes on with it.</summary>
    public WebSocketHandshakePhase Phase
    {
        get => _phase;
        set => _phase = value;
    }
}
