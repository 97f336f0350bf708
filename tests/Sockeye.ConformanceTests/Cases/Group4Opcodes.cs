using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>4.*: a reserved opcode fails the connection (RFC 6455 §5.2).</summary>
internal static class Group4Opcodes
{
    public static IEnumerable<ConformanceCase> Cases => [.. Opcodes("4.1", 0x3), .. Opcodes("4.2", 0xB)];

    private static IEnumerable<ConformanceCase> Opcodes(string id, int first) =>
    [
        new($"{id}.1", $"opcode {first:X} without payload", [Send(Frame(first, "")), ExpectClose(1002)]),
        new($"{id}.2", $"opcode {first + 1:X} with payload",
            [Send(Frame(first + 1, "reserved opcode payload")), ExpectClose(1002)]),
        new($"{id}.3", $"a text message, opcode {first + 2:X} without payload, a ping: no pong",
            [.. Echoed(Text(Hello)), Send(Frame(first + 2, "")), ExpectClose(1002), Send(Ping())]),
        new($"{id}.4", $"a text message, opcode {first + 3:X} with payload, a ping: no pong",
            [.. Echoed(Text(Hello)), Send(Frame(first + 3, Hello)), ExpectClose(1002), Send(Ping())]),
        new($"{id}.5", $"a text message, opcode {first + 4:X} with payload, a ping, byte by byte: no pong",
            [
                .. SendByteByByte(Text(Hello)), ExpectText(Hello),
                .. SendByteByByte(Frame(first + 4, Hello)), ExpectClose(1002), .. SendByteByByte(Ping()),
            ]),
    ];

    private static RawFrame Frame(int opcode, string payload) => new((RawOpcode)opcode, Utf8(payload));
}
