using System.Text;
using Sockeye.Connections.Receiving;

namespace Sockeye;

/// <summary>A whole message (RFC 6455 §5.4).</summary>
/// <remarks>
/// The payload is on loan: it is valid until the next message is received, or until the task of the handler that was
/// given it completes. To keep it for longer, take the memory with <see cref="Detach"/>, or copy it with <see cref="ToArray"/>
/// or <see cref="GetText"/>. The AppContext switch <c>Sockeye.PoisonReturnedMemory</c> overwrites the payload when the loan
/// ends, so that tests find code which reads it later.
/// </remarks>
public readonly struct WebSocketMessage
{
    private readonly IPayloadLender? _lender;
    private readonly int _loan;

    internal WebSocketMessage(ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, IPayloadLender lender, int loan)
    {
        Payload = payload;
        Kind = kind;
        _lender = lender;
        _loan = loan;
    }

    /// <summary>Whether the payload is text or arbitrary bytes.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The payload, on loan as the remarks of this type say. The payload of a text message is valid UTF-8.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether another whole message is buffered behind this one, so that the next receive will not wait for the peer.</summary>
    /// <value>
    /// <see langword="false"/> once the loan of the payload has ended, and after <see cref="Detach"/>. Evaluated at each call, since
    /// messages arrive at any time.
    /// </value>
    /// <remarks>
    /// A reader that needs only the newest state skips a message while this is <see langword="true"/>. Counts messages that have arrived
    /// completely; not pings, pongs, or a message of which a part is missing. If the connection fails first, the message that was
    /// announced may not come. Any thread may call this.
    /// </remarks>
    public bool HasMore => _lender is not null && _lender.HasMore(_loan);

    /// <summary>Takes the message, with its memory, off the connection: it stays valid for as long as you want.</summary>
    /// <returns>The message. From now on use its payload, and no longer that of this one.</returns>
    /// <remarks>
    /// The payload is not copied, unless it lies in an array that is more than four times as long. The memory is the
    /// application's from now on: it no longer counts towards <see cref="LimitOptions.MaxBufferedLength"/>. Any thread may call
    /// this while the message is on loan.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// The loan has ended, the message was detached before, or it was never received.
    /// </exception>
    public WebSocketOwnedMessage Detach()
    {
        if (_lender is null)
        {
            throw new InvalidOperationException("A default message can't be detached: it was never received.");
        }

        byte[] array = _lender.TryDetach(_loan, Payload, out System.Buffers.ArrayPool<byte> pool)
            ?? throw new InvalidOperationException(
                "The message can't be detached: its loan has ended, or it was detached before. A loan ends with the next "
                + "receive, or when the task of the handler completes.");
        return new WebSocketOwnedMessage(array, Payload.Length, Kind, pool);
    }

    /// <summary>Copies the payload into a new array.</summary>
    public byte[] ToArray() => Payload.ToArray();

    /// <summary>Decodes the payload as UTF-8. Each call makes a new string.</summary>
    /// <remarks>Invalid bytes of a binary message become U+FFFD.</remarks>
    public string GetText() => Encoding.UTF8.GetString(Payload.Span);

    /// <summary>The text of a text message; kind and length of a binary one.</summary>
    public override string ToString() => Describe(Kind, Payload.Span);

    internal static string Describe(WebSocketMessageKind kind, ReadOnlySpan<byte> payload) =>
        kind == WebSocketMessageKind.Text ? Encoding.UTF8.GetString(payload) : $"{kind}, {payload.Length} bytes";
}
