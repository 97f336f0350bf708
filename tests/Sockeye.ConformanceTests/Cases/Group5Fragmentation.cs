using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>5.*: fragmented messages, control frames between fragments, and invalid sequences (RFC 6455 §5.4).</summary>
internal static class Group5Fragmentation
{
    private static readonly RawFrame First = Text("fragment1").Unfinished();
    private static readonly RawFrame Last = Continuation("fragment2");
    private static readonly RawFrame PingBetween = Ping("ping payload");

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("5.1", "a ping in two fragments", [Send(Ping("fragment1").Unfinished()), ExpectClose(1002), Send(Last)]),
        new("5.2", "a pong in two fragments", [Send(Pong("fragment1").Unfinished()), ExpectClose(1002), Send(Last)]),
        new("5.3", "a text message in two fragments", [.. Echoed(First, Last)]),
        new("5.4", "a text message in two fragments, each written alone", [Send(First), Wait(), .. Echo(Last)]),
        new("5.5", "a text message in two fragments, byte by byte",
            [.. SendByteByByte(First, Last), ExpectEchoOf([First, Last])]),
        new("5.6", "a ping between two fragments",
            [Send(First), Send(PingBetween), ExpectPong("ping payload"), .. Echo(Last)]),
        new("5.7", "a ping between two fragments, each frame written alone",
            [Send(First), Wait(), Send(PingBetween), ExpectPong("ping payload"), Wait(), .. Echo(Last)]),
        new("5.8", "a ping between two fragments, byte by byte",
            [
                .. SendByteByByte(First, PingBetween), ExpectPong("ping payload"),
                .. SendByteByByte(Last), ExpectEchoOf([First, Last]),
            ]),
        .. ContinuationOfNothing("5.9", "5.10", "5.11", Continuation("non-continuation payload")),
        .. ContinuationOfNothing("5.12", "5.13", "5.14", Continuation("non-continuation payload").Unfinished()),
        new("5.15", "a text message in two fragments, a continuation of nothing without FIN, a text message",
            [
                .. Echoed(First, Last), Send(Continuation("fragment3").Unfinished()), ExpectClose(1002),
                Send(Text("fragment4")),
            ]),
        new("5.16", "twice: a continuation of nothing without FIN, then a text message in two fragments",
            [.. TwiceAfter(Continuation("fragment1").Unfinished())]),
        new("5.17", "twice: a continuation of nothing with FIN, then a text message in two fragments",
            [.. TwiceAfter(Continuation("fragment1"))]),
        new("5.18", "a text message in two fragments, both with the opcode of text",
            [Send(First), Send(Text("fragment2")), ExpectClose(1002)]),
        new("5.19", "five fragments with pings in between, and a pause",
            [
                .. Send([Part(1), Part(2), Ping("pongme 1!")]), ExpectPong("pongme 1!"), Wait(),
                .. Send([Part(3), Part(4), Ping("pongme 2!")]), ExpectPong("pongme 2!"),
                Send(Part(5)), ExpectText("fragment1fragment2fragment3fragment4fragment5"),
            ]),
        new("5.20", "five fragments with pings in between, and a pause, each frame written alone",
            [
                Send(Part(1)), Wait(), Send(Part(2)), Wait(), Send(Ping("pongme 1!")), ExpectPong("pongme 1!"), Wait(),
                Send(Part(3)), Wait(), Send(Part(4)), Wait(), Send(Ping("pongme 2!")), ExpectPong("pongme 2!"), Wait(),
                Send(Part(5)), ExpectText("fragment1fragment2fragment3fragment4fragment5"),
            ]),
    ];

    private static IEnumerable<Step> Echo(RawFrame last) => [Send(last), ExpectEchoOf([First, last])];

    private static IEnumerable<ConformanceCase> ContinuationOfNothing(
        string together, string alone, string byteByByte, RawFrame nothing)
    {
        string what = $"a continuation of nothing, FIN {(nothing.Fin ? "set" : "clear")}, then a text message";
        return
        [
            new(together, what, [Send(nothing), ExpectClose(1002), Send(Text(Hello))]),
            new(alone, $"{what}, each frame written alone",
                [Send(nothing), ExpectClose(1002), Wait(), Send(Text(Hello))]),
            new(byteByByte, $"{what}, byte by byte",
                [.. SendByteByByte(nothing), ExpectClose(1002), .. SendByteByByte(Text(Hello))]),
        ];
    }

    private static IEnumerable<Step> TwiceAfter(RawFrame nothing)
    {
        RawFrame[] round = [nothing, Text("fragment2").Unfinished(), Continuation("fragment3")];
        return [Send(nothing), ExpectClose(1002), .. Send(round[1..]), .. Send(round)];
    }

    private static RawFrame Part(int number) =>
        new(number == 1 ? RawOpcode.Text : RawOpcode.Continuation, Utf8($"fragment{number}")) { Fin = number == 5 };
}
