namespace Sockeye;

/// <summary>The kind of a message: text or binary (RFC 6455 §5.6).</summary>
/// <remarks>The values are the opcodes of RFC 6455 §5.2.</remarks>
public enum WebSocketMessageKind
{
    /// <summary>A text message, whose payload is UTF-8.</summary>
    Text = 1,

    /// <summary>A binary message of arbitrary bytes.</summary>
    Binary = 2,
}
