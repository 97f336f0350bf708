using System.Text;
using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>
/// Cases of messages and pings that the suite lacks: floods, and edge cases of text (RFC 6455 §5.4, §8.1, §10.4).
/// </summary>
internal static class BeyondMessages
{
    // More than this many in a row, none of them the last of its message, are a flood.
    private const int MaxEmptyFragmentsInARow = 64;
    private const int TinyFragmentCount = 100_000;
    private const int ChoppedFrameLength = 100_000;

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("FR-40.1", $"{TinyFragmentCount} fragments of one byte, which is legal",
            [.. Echoed(Fragments(Text(Repeat("abc", TinyFragmentCount)), 1))]),
        new("FR-41.1", "one long frame, byte by byte",
            [
                SendChopped(Binary(Repeat("abcde", ChoppedFrameLength)), 1),
                ExpectBinary(Repeat("abcde", ChoppedFrameLength)),
            ]),
        new("FR-43.1", "as many empty fragments in a row as are allowed",
            [.. Echoed([Text("").Unfinished(), .. EmptyFragments(MaxEmptyFragmentsInARow - 1), Continuation("end")])]),
        new("FR-43.2", "one empty fragment too many",
            [
                Send(Text("").Unfinished()), .. Send(EmptyFragments(MaxEmptyFragmentsInARow - 1)), Wait(),
                .. Send(EmptyFragments(1)), ExpectClose(1008), .. Send(EmptyFragments(10)),
            ]),
        new("FR-43.3", "one empty fragment too many, with pings in between",
            [
                Send(Binary(1).Unfinished()),
                .. EmptyFragments(MaxEmptyFragmentsInARow)
                    .SelectMany(frame => (Step[])[Send(frame), Send(Ping()), ExpectPong()]),
                .. Send(EmptyFragments(1)), ExpectClose(1008),
            ]),
        new("FR-43.4", "many empty fragments, never too many in a row",
            [
                .. Echoed(
                [
                    Binary(1).Unfinished(), .. EmptyFragments(MaxEmptyFragmentsInARow), Continuation([2]).Unfinished(),
                    .. EmptyFragments(MaxEmptyFragmentsInARow), Continuation([3]),
                ]),
                .. Echoed([Binary().Unfinished(), .. EmptyFragments(MaxEmptyFragmentsInARow - 1), Continuation([])]),
            ]),
        new("FR-43.5", "a thousand empty messages", [.. Repeated(1000, Echoed(Binary()))]),
        new("FR-43.6", "a thousand empty pings, each with its pong", [.. Repeated(1000, [Send(Ping()), ExpectPong()])]),

        new("FR-45.1", "a character in two fragments, with a ping between them",
            [
                Send(Text(Hex("E2 82")).Unfinished()), Send(Ping("€")), ExpectPong("€"),
                Send(Continuation(Hex("AC"))), ExpectText("€"),
            ]),
        new("FR-45.2", "a surrogate in two fragments, with a ping between them",
            [
                Send(Text(Hex("ED")).Unfinished()), Send(Ping()), ExpectPong(), Wait(),
                SendUntil(Continuation(Hex("A0 80")), 1), ExpectClose(1007),
            ]),
        new("FR-45.3", "half a character at the end of a message, then a message that could go on with it",
            [Send(Text(Hex("41 E2 82"))), ExpectClose(1007), Send(Text(Hex("AC")))]),
        new("FR-45.4", "half a character, then an empty last fragment",
            [Send(Text(Hex("41 E2 82")).Unfinished()), Wait(), Send(Continuation("")), ExpectClose(1007)]),
        new("FR-45.5", "a bad byte at the beginning of a long frame: failed before the rest comes",
            [SendUntil(Text([0xFF, .. Repeat("x", 70_000)]), 1), ExpectClose(1007)]),
        new("FR-45.6", "invalid text, in a binary message and in a ping",
            [
                .. Echoed(Binary(Hex("ED A0 80 FF FE C0"))),
                Send(Ping(Hex("ED A0 80 FF"))), ExpectPong(Hex("ED A0 80 FF")),
            ]),
        new("FR-46.1", "a text that begins with a byte order mark, which is kept", [.. Echoed(Text("\uFEFFtext"))]),
        new("FR-46.2", "a text of NULs", [.. Echoed(Text("\0\0\0"))]),
        new("FR-46.3", "every character there is, in one message", [.. Echoed(Text(EveryCharacter()))]),

        new("FR-61.1", "pongs that answer nothing, in any number",
            [.. Send(Enumerable.Range(0, 100).Select(i => Pong($"{i}"))), Wait(), .. Echoed(Text(Hello))]),
        new("FR-61.2", "an unsolicited pong between two fragments",
            [Send(Text("a").Unfinished()), Send(Pong("x")), Send(Continuation("b")), ExpectText("ab")]),
    ];

    private static IEnumerable<RawFrame> EmptyFragments(int count) =>
        Enumerable.Repeat(Continuation([]).Unfinished(), count);

    private static IEnumerable<Step> Repeated(int count, IEnumerable<Step> steps) =>
        Enumerable.Range(0, count).SelectMany(_ => steps);

    private static string EveryCharacter()
    {
        StringBuilder text = new();
        for (int scalar = 0; scalar <= 0x10FFFF; scalar++)
        {
            if (Rune.IsValid(scalar))
            {
                text.Append(new Rune(scalar).ToString());
            }
        }

        return text.ToString();
    }
}
