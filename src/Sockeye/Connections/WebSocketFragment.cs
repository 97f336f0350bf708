namespace Sockeye;

/// <summary>A fragment of a message, as it arrived.</summary>
/// <remarks>
/// <para>
/// Fragments need not be those that the peer sent: a long one may arrive as several, because RFC 6455 §5.4 allows every
/// intermediary to split and join fragments.
/// </para>
/// <para>
/// The payload is on loan: it is valid until the next fragment is received, or until the task of the handler that was given it
/// completes. To keep it for longer, copy it with <c>Payload.ToArray()</c>.
/// </para>
/// </remarks>
public readonly struct WebSocketFragment
{
    internal WebSocketFragment(ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        Payload = payload;
        Kind = kind;
        EndOfMessage = endOfMessage;
    }

    /// <summary>Whether the message is text or arbitrary bytes: the same for all of its fragments.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>
    /// The payload of the fragment; empty only if it ends its message. The fragments of a text message are valid UTF-8 together,
    /// but one may begin or end inside a character.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether this fragment is the last of its message.</summary>
    public bool EndOfMessage { get; }

    /// <summary>Whether it ends the frame that it arrived in.</summary>
    internal bool EndsFrame { get; init; }
}
