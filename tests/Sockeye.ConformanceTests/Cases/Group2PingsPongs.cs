using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>2.*: a ping gets a pong with its payload, and a pong gets no response (RFC 6455 §5.5.2, §5.5.3).</summary>
internal static class Group2PingsPongs
{
    private static readonly byte[] NotText = Hex("00 FF FE FD FC FB 00 FF");
    private static readonly byte[] Longest = Repeat("\u00FE", 125);

    private static readonly RawFrame[] TenPings = [.. Enumerable.Range(0, 10).Select(i => Ping($"payload-{i}"))];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("2.1", "a ping without payload", [Send(Ping()), ExpectPong()]),
        new("2.2", "a ping with a text payload", [Send(Ping(Hello)), ExpectPong(Hello)]),
        new("2.3", "a ping with a payload that is not text", [Send(Ping(NotText)), ExpectPong(NotText)]),
        new("2.4", "a ping of 125 bytes", [Send(Ping(Longest)), ExpectPong(Longest)]),
        new("2.5", "a ping of 126 bytes", [Send(Ping(Repeat("\u00FE", 126))), ExpectClose(1002)]),
        new("2.6", "a ping of 125 bytes, byte by byte", [SendChopped(Ping(Longest), 1), ExpectPong(Longest)]),
        new("2.7", "an unsolicited pong without payload", [Send(Pong()), Wait()]),
        new("2.8", "an unsolicited pong with payload", [Send(Pong("unsolicited pong payload")), Wait()]),
        new("2.9", "an unsolicited pong, then a ping",
            [Send(Pong("unsolicited pong payload")), Send(Ping("ping payload")), ExpectPong("ping payload")]),
        new("2.10", "ten pings: ten pongs, in their order", [.. Send(TenPings), .. TenPongs]),
        new("2.11", "ten pings, byte by byte: ten pongs, in their order", [.. SendByteByByte(TenPings), .. TenPongs]),
    ];

    private static IEnumerable<Step> TenPongs => TenPings.Select(ping => ExpectPong(ping.Payload));
}
