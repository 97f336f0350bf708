namespace Sockeye;

/// <summary>A piece of a message, as it arrived.</summary>
/// <remarks>
/// Pieces need not be the fragments that the peer sent: a long fragment may come in several, since RFC 6455 §5.4 allows
/// any end on the way to fragment anew. The payload is on loan until the next piece is received.
/// </remarks>
public readonly struct WebSocketFragment
{
    internal WebSocketFragment(ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        Payload = payload;
        Kind = kind;
        EndOfMessage = endOfMessage;
    }

    /// <summary>What the message is: the same for all its pieces.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>
    /// The piece; empty only if it ends its message. Of text, all pieces together are valid UTF-8, but one may begin or
    /// end inside a character.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether this piece is the last of its message.</summary>
    public bool EndOfMessage { get; }
}
