using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>7.*: the closing handshake, begun by the peer (RFC 6455 §5.5.1, §7).</summary>
internal static class Group7Close
{
    private const int LongMessageLength = 256 * 1024;
    private const int MaxReasonLength = 123;

    private static readonly int[] ValidCodes =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];

    private static readonly int[] InvalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

    // The suite only records what happens here. RFC 6455 §7.4.2 defines no code above 4999, so that Sockeye rejects them.
    private static readonly int[] CodesBeyond = [5000, 65_535];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("7.1.1", "a message, then a Close", [.. Echoed(Text("Hello World!")), .. CloseEchoed(Close(1000))]),
        new("7.1.2", "two Close frames: one answer", [.. CloseEchoed(Close(1000)), Send(Close())]),
        new("7.1.3", "a ping after a Close: no pong", [.. CloseEchoed(Close(1000)), Send(Ping())]),
        new("7.1.4", "a message after a Close: no echo", [.. CloseEchoed(Close(1000)), Send(Text("Hello World!"))]),
        new("7.1.5", "a Close between two fragments: no echo",
            [Send(Text("fragment1").Unfinished()), .. CloseEchoed(Close(1000)), Send(Continuation("fragment2"))]),
        new("7.1.6", "a message of 256 KiB, a short one, a Close, a ping: both echoes come before the Close",
            [
                .. Echoed(Text(Repeat("BAsd7&jh23", LongMessageLength))), .. Echoed(Text("Hello World!")),
                .. CloseEchoed(Close(1000)), Send(Ping()),
            ]),

        new("7.3.1", "a Close without payload", [Send(Close()), ExpectCloseWithoutCode()])
        {
            Result = new ExpectedResult(1005, WasClean: true),
        },
        new("7.3.2", "a Close with a payload of one byte",
            [Send(new RawFrame(RawOpcode.Close, [(byte)'a'])), ExpectClose(1002)]),
        new("7.3.3", "a Close with a code", [.. CloseEchoed(Close(1000))]),
        new("7.3.4", "a Close with a code and a reason", [.. CloseEchoed(Close(1000, "Hello World!"))]),
        new("7.3.5", "a Close with the longest reason there can be",
            [.. CloseEchoed(Close(1000, Repeat("*", MaxReasonLength)))]),
        new("7.3.6", "a Close with a reason that is one byte too long",
            [Send(Close(1000, Repeat("*", MaxReasonLength + 1))), ExpectClose(1002)]),

        new("7.5.1", "a Close with a reason that is not UTF-8",
            [Send(Close(1000, [.. Group6Utf8.Kosme, .. Hex("ED A0 80"), .. Utf8("edited")])), ExpectClose(1007)]),

        .. ValidCodes.Select((code, i) => new ConformanceCase(
            $"7.7.{i + 1}", $"close code {code}, which is valid", [.. CloseEchoed(Close(code))])
        {
            Result = new ExpectedResult(code, WasClean: true),
        }),
        .. InvalidCodes.Select((code, i) => Refused($"7.9.{i + 1}", code)),
        .. CodesBeyond.Select((code, i) => Refused($"7.13.{i + 1}", code)),
    ];

    private static ConformanceCase Refused(string id, int code) =>
        new(id, $"close code {code}, which is invalid", [Send(Close(code)), ExpectClose(1002)]);

    // RFC 6455 §5.5.1: "typically echos the status code it received".
    private static IEnumerable<Step> CloseEchoed(RawFrame close) =>
        [Send(close), ExpectClose((close.Payload[0] << 8) | close.Payload[1])];
}
