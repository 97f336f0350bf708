using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The peer broke a rule of the protocol or a limit, and the connection was failed (RFC 6455 §7.1.7).</summary>
public sealed class WebSocketProtocolException : SockeyeException
{
    internal WebSocketProtocolException(ProtocolError error)
        : base($"The peer broke the WebSocket protocol: {error.Describe()}.", innerException: null)
    {
        Error = error;
        CloseCode = error.CloseCode();
    }

    /// <summary>The rule that was broken. Stable across versions: switch on this, not on the message.</summary>
    public ProtocolError Error { get; }

    /// <summary>The code of the Close frame that the peer was sent.</summary>
    public WebSocketCloseCode CloseCode { get; }
}
