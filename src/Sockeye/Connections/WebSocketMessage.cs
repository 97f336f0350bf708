using System.Text;

namespace Sockeye;

/// <summary>A whole message (RFC 6455 §5.4).</summary>
/// <remarks>
/// The payload is on loan: it is valid until the next message is received, or until the task of the handler that was
/// given it completes. Copy what you need for longer, for example with <c>Payload.ToArray()</c> or <see cref="GetText"/>.
/// </remarks>
public readonly struct WebSocketMessage
{
    internal WebSocketMessage(ReadOnlyMemory<byte> payload, WebSocketMessageKind kind)
    {
        Payload = payload;
        Kind = kind;
    }

    /// <summary>Whether the payload is text or arbitrary bytes.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The payload. On loan, as the remarks of this type say. Of a text message it is valid UTF-8.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Decodes the payload as UTF-8, into a new string at every call.</summary>
    /// <remarks>Invalid bytes of a binary message become U+FFFD.</remarks>
    public string GetText() => Encoding.UTF8.GetString(Payload.Span);

    /// <summary>The text of a text message; kind and length of a binary one.</summary>
    public override string ToString() =>
        Kind == WebSocketMessageKind.Text ? GetText() : $"{Kind}, {Payload.Length} bytes";
}
