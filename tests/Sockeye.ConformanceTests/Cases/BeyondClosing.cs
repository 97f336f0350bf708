using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>
/// Cases of closing that the suite lacks: who begins it, what may follow it, and ends without it (RFC 6455 §7).
/// </summary>
internal static class BeyondClosing
{
    private const int FloodLength = 100_000;
    private const int FloodCount = 40;

    // The codes that the suite does not test.
    private static readonly int[] ValidCodes = [1012, 1013, 1014, 3500];
    private static readonly int[] InvalidCodes = [1, 1015, 1999, 32_768, 65_534];

    private static readonly ExpectedResult Lost = new(1006, WasClean: false);

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. ValidCodes.Select(code => new ConformanceCase(
            $"FR-31.{code}", $"close code {code}, which is valid", [Send(Close(code)), ExpectClose(code)])
        {
            Result = new ExpectedResult(code, WasClean: true),
        }),
        .. InvalidCodes.Select(code => new ConformanceCase(
            $"FR-31.{code}", $"close code {code}, which is invalid", [Send(Close(code)), ExpectClose(1002)])),
        new("FR-32.1", "a close reason that ends inside a character",
            [Send(Close(1000, Hex("41 E2 82"))), ExpectClose(1007)]),
        new("FR-32.2", "a close reason of 123 bytes, the last of them a bad one",
            [Send(Close(1000, [.. Repeat("x", 122), 0xFF])), ExpectClose(1007)]),
        new("FR-32.3", "a close reason in several scripts", [Send(Close(4000, "κόσμε €")), ExpectClose(4000)]),

        new("FR-34.1", "messages, pings and frames that break every rule, after a Close: no answer",
            [
                Send(Close(1000)), ExpectClose(1000), Send(Text(Hello)), Send(Ping()), Send(Continuation("x")),
                Send(Ping().Unfinished()), Send(Text("x") with { ReservedBits = 7, WrongMasking = true }),
                Send(Text([0xFF])),
            ]),
        new("FR-34.2", "a flood of messages after a Close: no answer",
            [
                Send(Close(1001)), ExpectClose(1001), Send(Binary(new byte[FloodLength])),
                Send(Binary(new byte[FloodLength])),
            ]),
        new("FR-34.3", "a flood of messages after a broken rule: no answer",
            [
                Send(Continuation("x")), ExpectClose(1002), Send(Binary(new byte[FloodLength])), Send(Ping()),
                Send(Continuation("x")),
            ]),
        new("FR-34.4", "a broken rule, and a great deal that was on its way already: the Close is not lost",
            [
                Send(Continuation("x")), .. Enumerable.Repeat(Send(Binary(new byte[FloodLength])), FloodCount),
                ExpectClose(1002),
            ]),
        new("FR-35.1", "a second Close with another code: the first counts",
            [Send(Close(1001, "first")), ExpectClose(1001), Send(Close(4000, "second"))])
        {
            Result = new ExpectedResult(1001, WasClean: true),
        },
        new("FR-35.2", "a Close inside a fragmented message: what came of it is dropped",
            [Send(Binary(1, 2, 3).Unfinished()), Send(Close(1000)), ExpectClose(1000)])
        {
            Result = new ExpectedResult(1000, WasClean: true),
        },
        new("FR-35.3", "a Close inside a text that ends inside a character",
            [Send(Text(Hex("E2 82")).Unfinished()), Send(Close(1000)), ExpectClose(1000)]),

        new("FR-36.1", "the endpoint closes, the peer answers",
            [EndpointCloses(1001, "bye"), ExpectClose(1001), Wait(), Send(Close(1001))])
        {
            Result = new ExpectedResult(1001, WasClean: true),
        },
        new("FR-36.2", "both close at the same time: one Close each way",
            [EndpointCloses(1001, "bye"), Send(Close(4000)), ExpectClose(1001)]),
        new("FR-36.3", "the endpoint closes inside a message of the peer, which sends more of it before it answers",
            [
                Send(Text("a").Unfinished()), EndpointCloses(1000), ExpectClose(1000),
                Send(Continuation("b").Unfinished()), Send(Close(1000)),
            ]),
        new("FR-36.4", "the endpoint closes, the peer answers without a code",
            [EndpointCloses(1000), ExpectClose(1000), Send(Close())]),
        new("FR-36.5", "the endpoint closes, the peer answers with a broken Close: one Close only",
            [EndpointCloses(1000), ExpectClose(1000), Send(Close(1005))]),

        new("FR-37.1", "the transport ends without a Close", [.. Echoed(Text(Hello)), PeerEnds()]) { Result = Lost },
        new("FR-37.2", "the transport ends before anything is sent", [PeerEnds()]) { Result = Lost },
        new("FR-37.3", "the transport ends inside a header", [SendHeader(Text(Hello), 1), PeerEnds()])
        {
            Result = Lost,
        },
        new("FR-37.4", "the transport ends inside a payload", [SendUntil(Text(Hello), 5), PeerEnds()])
        {
            Result = Lost,
        },
        new("FR-37.5", "the transport ends inside a fragmented message",
            [Send(Text(Hello).Unfinished()), PeerEnds()])
        {
            Result = Lost,
        },
        new("FR-38.1", "the peer ends its direction right after its Close: it still gets the answer",
            [Send(Close(1000)), ExpectClose(1000), PeerEnds()])
        {
            Result = new ExpectedResult(1000, WasClean: true),
        },
    ];
}
