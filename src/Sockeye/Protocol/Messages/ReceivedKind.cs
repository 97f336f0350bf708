namespace Sockeye.Protocol;

/// <summary>What <see cref="MessageReader.Read"/> found.</summary>
internal enum ReceivedKind : byte
{
    /// <summary>Nothing more: all that was given has been taken in. Call again with what arrives next.</summary>
    NeedMoreData,

    /// <summary>A whole message; or a piece of one, if fragments are delivered.</summary>
    Message,

    /// <summary>A ping, to be answered with the same payload (RFC 6455 §5.5.2).</summary>
    Ping,

    /// <summary>A pong, asked for or not (RFC 6455 §5.5.3).</summary>
    Pong,

    /// <summary>A Close frame. Whatever follows it is ignored (RFC 6455 §5.5.1).</summary>
    Close,

    /// <summary>The peer broke a rule: <see cref="MessageReader.Error"/>. Whatever follows is ignored.</summary>
    Violation,
}
