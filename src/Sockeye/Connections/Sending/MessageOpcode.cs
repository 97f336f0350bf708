using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>Turns the kind that an application gives into the opcode that is sent.</summary>
internal static class MessageOpcode
{
    /// <summary>The opcode of a message's first frame (RFC 6455 §5.6).</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The kind is neither text nor binary: a cast number, or a message that was never received. Sent as an opcode it
    /// could be a continuation or a Close frame.
    /// </exception>
    public static Opcode Of(WebSocketMessageKind kind) =>
        kind is WebSocketMessageKind.Text or WebSocketMessageKind.Binary
            ? (Opcode)kind
            : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Must be Text or Binary.");
}
