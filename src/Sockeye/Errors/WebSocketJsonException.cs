namespace Sockeye;

/// <summary>
/// Thrown for a received message that is not JSON of the expected type. The connection stays open, and the next receive gets the next
/// message.
/// </summary>
public sealed class WebSocketJsonException : SockeyeException
{
    private const int MaxPayloadLength = 1024;

    internal WebSocketJsonException(Type type, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Exception? cause)
        : base(
            cause is null ? $"The message is null instead of a {type.Name}." : $"The message is not valid JSON for the type {type.Name}.",
            cause)
    {
        Type = type;
        Kind = kind;
        Length = payload.Length;
        Payload = payload[..Math.Min(payload.Length, MaxPayloadLength)].ToArray();
    }

    /// <summary>The type that was expected.</summary>
    public Type Type { get; }

    /// <summary>The kind of the message. JSON may be in a binary message too.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The length of the message in bytes.</summary>
    public int Length { get; }

    /// <summary>A copy of the first 1,024 bytes of the message, or of all. Any bytes: escape them before you log them.</summary>
    public ReadOnlyMemory<byte> Payload { get; }
}
