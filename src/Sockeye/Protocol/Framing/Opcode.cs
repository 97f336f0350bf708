namespace Sockeye.Protocol;

/// <summary>The type of a frame (RFC 6455 §5.2, §11.8).</summary>
internal enum Opcode : byte
{
    /// <summary>Continues the message that an earlier frame began.</summary>
    Continuation = 0x0,

    /// <summary>Begins a text message, whose whole payload is UTF-8.</summary>
    Text = 0x1,

    /// <summary>Begins a binary message.</summary>
    Binary = 0x2,

    // 0x3-0x7 are reserved for further data frames.

    /// <summary>Starts the closing handshake, or responds to it.</summary>
    Close = 0x8,

    /// <summary>Requests a pong with the same payload.</summary>
    Ping = 0x9,

    /// <summary>Responds to a ping, or is a one-way heartbeat.</summary>
    Pong = 0xA,

    // 0xB-0xF are reserved for further control frames.
}
