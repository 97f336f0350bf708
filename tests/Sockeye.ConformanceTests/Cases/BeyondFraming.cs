using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>
/// Cases of framing that the suite lacks: a violation in the header fails the connection before the payload arrives, and limits
/// apply to the declared length (RFC 6455 §5, §10.4).
/// </summary>
internal static class BeyondFraming
{
    private const int TwoBytes = 2;
    private const int LengthEnd16 = 4;
    private const int LengthEnd64 = 10;
    private const int SmallLimit = 1000;

    private static readonly ulong[] LengthsWithTopBit = [1UL << 63, (1UL << 63) + 5, ulong.MaxValue];
    private static readonly ulong[] HugeLengths = [1UL << 62, long.MaxValue, 1UL << 32, 1UL << 30];
    private static readonly int[] Limits = [1, 125, 126, 65_535, 65_536];
    private static readonly int[] LengthsOfOneByte = [0, 1, 125];
    private static readonly int[] LengthsOfTwoBytes = [0, 125, 126, 65_535];
    private static readonly string[] MaskingKeys = ["00000000", "FFFFFFFF", "00FF00FF", "000000FF"];

    // The first two bytes of a frame suffice; the endpoint must not wait for a third.
    private static readonly (string Id, string What, RawFrame Frame)[] BadByTwoBytes =
    [
        ("FR-01.1", "RSV2 on a text frame", Text(Hello) with { ReservedBits = 2 }),
        ("FR-01.2", "RSV3 on a binary frame", Binary(1, 2, 3) with { ReservedBits = 1 }),
        ("FR-02.1", "RSV1 on a text frame", Text(Hello) with { ReservedBits = 4 }),
        ("FR-02.2", "RSV1 on a binary frame", Binary(1, 2, 3) with { ReservedBits = 4 }),
        ("FR-02.3", "RSV1 on a ping", Ping(Hello) with { ReservedBits = 4 }),
        ("FR-02.4", "RSV1 on a Close", Close(1000) with { ReservedBits = 4 }),
        .. new[] { 3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF }.Select(opcode =>
            ($"FR-04.{opcode:X}", $"opcode {opcode:X}", new RawFrame((RawOpcode)opcode, Utf8(Hello)))),
        ("FR-05.1", "the wrong masking of a text frame", Text(Hello) with { WrongMasking = true }),
        ("FR-05.2", "the wrong masking of an empty ping", Ping() with { WrongMasking = true }),
        ("FR-05.3", "the wrong masking of a Close", Close(1000) with { WrongMasking = true }),
        ("FR-06.1", "a ping without FIN", Ping(Hello).Unfinished()),
        ("FR-06.2", "a pong without FIN", Pong(Hello).Unfinished()),
        ("FR-06.3", "a Close without FIN", Close(1000).Unfinished()),
        ("FR-06.4", "a ping of 126 bytes", Ping(new byte[126])),
        ("FR-06.5", "a pong of 65,536 bytes", Pong(new byte[65_536])),
        ("FR-06.6", "a Close of 126 bytes", Close(1000, new byte[124])),
        ("FR-06.7", "a ping whose length is short but in 16 bits",
            Ping(Hello) with { LengthForm = LengthForm.Extended16 }),
        ("FR-06.8", "a ping whose length is short but in 64 bits",
            Ping(Hello) with { LengthForm = LengthForm.Extended64 }),
        ("FR-07.1", "a continuation of nothing", Continuation(Hello)),
    ];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. BadByTwoBytes.Where(bad => !bad.Id.StartsWith("FR-07", StringComparison.Ordinal)).Select(bad =>
            new ConformanceCase(bad.Id, $"{bad.What}: failed after two bytes",
                [SendHeader(bad.Frame, TwoBytes), ExpectClose(1002), Wait(), Send(Text(Hello))])),
        .. BadByTwoBytes.Select(bad =>
            new ConformanceCase($"{bad.Id}.message", $"a text message, then {bad.What} and a ping: no pong",
                [.. Echoed(Text(Hello)), Send(bad.Frame), ExpectClose(1002), Send(Ping())])),

        new("FR-07.2", "a text frame inside a fragmented text",
            [Send(Text("a").Unfinished()), Send(Text("b")), ExpectClose(1002), Send(Continuation("c"))]),
        new("FR-07.3", "a binary frame inside a fragmented text",
            [Send(Text("a").Unfinished()), Send(Binary(1)), ExpectClose(1002), Send(Continuation("c"))]),
        new("FR-07.4", "a text frame inside a fragmented binary message",
            [Send(Binary(1).Unfinished()), Send(Text("b")), ExpectClose(1002), Send(Continuation("c"))]),
        new("FR-07.5", "a text frame after an empty fragment",
            [Send(Text("").Unfinished()), Send(Text("b")), ExpectClose(1002)]),
        new("FR-08.1", "pings and pongs between all fragments",
            [
                Send(Binary(1, 2).Unfinished()), Send(Ping("a")), ExpectPong("a"), Send(Pong("b")),
                Send(Continuation([3]).Unfinished()), Send(Ping()), ExpectPong(), Send(Ping("c")), ExpectPong("c"),
                Send(Continuation([])), ExpectBinary([1, 2, 3]), .. Echoed(Text(Hello)),
            ]),

        .. LengthsWithTopBit.Select((length, i) =>
            new ConformanceCase($"FR-10.{i + 1}", $"a length of 0x{length:X}: its top bit is set",
                [SendHeader(Claiming(length), LengthEnd64), ExpectClose(1002)])),
        .. Limits.SelectMany((limit, i) => AtTheLimit($"FR-11.{i + 1}", limit)),
        new("FR-12.1", "all but one byte of the limit, then a fragment of 2^63 - 1",
            [
                Send(Binary(new byte[SmallLimit - 1]).Unfinished()), Wait(),
                SendUntil(Claiming(long.MaxValue) with { Opcode = RawOpcode.Continuation }, 0), ExpectClose(1009),
            ])
        {
            MaxMessageLength = SmallLimit,
        },

        .. LengthsOfOneByte.Select((length, i) => NotMinimal($"FR-13.{i + 1}", length, LengthForm.Extended16)),
        .. LengthsOfTwoBytes.Select((length, i) =>
            NotMinimal($"FR-13.{LengthsOfOneByte.Length + i + 1}", length, LengthForm.Extended64)),

        .. HugeLengths.Select((length, i) =>
            new ConformanceCase($"FR-20.{i + 1}", $"a length of 0x{length:X}: failed before any payload",
                [SendUntil(Claiming(length), 0), ExpectClose(1009)])),
        new("FR-21.1", "fragments that make one byte too many: failed at the header that does",
            [
                Send(Binary(new byte[SmallLimit - 10]).Unfinished()), Send(Continuation(new byte[10]).Unfinished()),
                Wait(), SendUntil(Continuation([1]), 0), ExpectClose(1009),
            ])
        {
            MaxMessageLength = SmallLimit,
        },
        new("FR-21.2", "fragments that make the limit, twice, and empty ones at the limit",
            [.. UpToTheLimit(), .. UpToTheLimit()])
        {
            MaxMessageLength = SmallLimit,
        },
        .. MaskingKeys.Select((key, i) =>
            new ConformanceCase($"FR-52.{i + 1}", $"masking key {key}",
                [.. Echoed([Text(Hello) with { MaskingKey = Hex(key) }]), .. Echoed(Binary(new byte[100]))])),
    ];

    private static RawFrame Claiming(ulong length) => Binary() with { ClaimedLength = length };

    private static IEnumerable<ConformanceCase> AtTheLimit(string id, int limit) =>
    [
        new($"{id}.at", $"a message of {limit} bytes, which is the limit", [.. Echoed(Text(Repeat("x", limit)))])
        {
            MaxMessageLength = limit,
        },
        new($"{id}.over", $"a message of {limit + 1} bytes, one over the limit: failed at its header",
            [SendUntil(Text(Repeat("x", limit + 1)), 0), ExpectClose(1009)])
        {
            MaxMessageLength = limit,
        },
    ];

    private static ConformanceCase NotMinimal(string id, int length, LengthForm form) =>
        new(id, $"a length of {length} in {(form == LengthForm.Extended16 ? 16 : 64)} bits: failed at the header",
            [
                SendHeader(
                    Binary(new byte[length]) with { LengthForm = form },
                    form == LengthForm.Extended16 ? LengthEnd16 : LengthEnd64),
                ExpectClose(1002),
            ]);

    private static IEnumerable<Step> UpToTheLimit() => Echoed(
        Binary(new byte[SmallLimit - 1]).Unfinished(), Continuation([7]).Unfinished(), Continuation([]).Unfinished(),
        Continuation([]));
}
