namespace Sockeye.Protocol;

/// <summary>What a frame carries (RFC 6455 §5.2, §11.8).</summary>
internal enum Opcode : byte
{
    /// <summary>Carries on the message begun by an earlier frame.</summary>
    Continuation = 0x0,

    /// <summary>Begins a message whose whole payload is UTF-8.</summary>
    Text = 0x1,

    /// <summary>Begins a message of arbitrary bytes.</summary>
    Binary = 0x2,

    // 0x3-0x7 are reserved for further data frames.

    /// <summary>Starts or answers the closing handshake.</summary>
    Close = 0x8,

    /// <summary>Asks the peer for a pong with the same payload.</summary>
    Ping = 0x9,

    /// <summary>Answers a ping, or is a one-way heartbeat.</summary>
    Pong = 0xA,

    // 0xB-0xF are reserved for further control frames.
}
