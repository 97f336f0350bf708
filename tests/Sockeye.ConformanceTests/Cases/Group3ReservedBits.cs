using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>3.*: a reserved bit that no extension uses fails the connection (RFC 6455 §5.2).</summary>
internal static class Group3ReservedBits
{
    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("3.1", "a text message with RSV 1", [Send(Reserved(Text(Hello), 1)), ExpectClose(1002)]),
        new("3.2", "a text message, one with RSV 2, a ping: no pong",
            [.. Echoed(Text(Hello)), Send(Reserved(Text(Hello), 2)), ExpectClose(1002), Send(Ping())]),
        new("3.3", "a text message, one with RSV 3, a ping, each frame written alone: no pong",
            [
                .. Echoed(Text(Hello)), Wait(), Send(Reserved(Text(Hello), 3)), ExpectClose(1002), Wait(), Send(Ping()),
            ]),
        new("3.4", "a text message, one with RSV 4, a ping, byte by byte: no pong",
            [
                .. SendByteByByte(Text(Hello)), ExpectText(Hello),
                .. SendByteByByte(Reserved(Text(Hello), 4)), ExpectClose(1002), .. SendByteByByte(Ping()),
            ]),
        new("3.5", "a binary message with RSV 5",
            [Send(Reserved(Binary(Hex("00 FF FE FD FC FB 00 FF")), 5)), ExpectClose(1002)]),
        new("3.6", "a ping with RSV 6", [Send(Reserved(Ping(Hello), 6)), ExpectClose(1002)]),
        new("3.7", "a Close with RSV 7", [Send(Reserved(Close(1000), 7)), ExpectClose(1002)]),
    ];

    private static RawFrame Reserved(RawFrame frame, int bits) => frame with { ReservedBits = bits };
}
