namespace Sockeye.Tests;

/// <summary>The opcodes of RFC 6455 §5.2. A test may cast any other number to one.</summary>
internal enum RawOpcode
{
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}
