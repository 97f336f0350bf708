namespace Sockeye;

/// <summary>What a message is: text, which is UTF-8, or arbitrary bytes (RFC 6455 §5.6).</summary>
/// <remarks>The values are the opcodes of RFC 6455 §5.2.</remarks>
public enum WebSocketMessageKind
{
    /// <summary>Text, whose payload is UTF-8.</summary>
    Text = 1,

    /// <summary>Arbitrary bytes.</summary>
    Binary = 2,
}
