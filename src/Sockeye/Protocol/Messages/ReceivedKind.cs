namespace Sockeye.Protocol;

/// <summary>The kinds of results of <see cref="MessageReader.Read"/>.</summary>
internal enum ReceivedKind : byte
{
    /// <summary>All bytes were consumed without another result. Call again with the bytes that arrive next.</summary>
    NeedMoreData,

    /// <summary>A whole message, or a piece of one if fragments are delivered.</summary>
    Message,

    /// <summary>A ping, which requires a pong with the same payload (RFC 6455 §5.5.2).</summary>
    Ping,

    /// <summary>A pong, solicited or not (RFC 6455 §5.5.3).</summary>
    Pong,

    /// <summary>A Close frame. All further bytes are ignored (RFC 6455 §5.5.1).</summary>
    Close,

    /// <summary>A violation; see <see cref="MessageReader.Error"/>. All further bytes are ignored.</summary>
    Violation,
}
