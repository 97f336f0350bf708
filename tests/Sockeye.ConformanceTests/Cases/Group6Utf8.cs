using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>6.1 to 6.4: UTF-8 across fragments, and failure at the first invalid byte (RFC 6455 §8.1).</summary>
internal static class Group6Utf8
{
    private const string Accented = "Hello-µ@ßöäüàá-UTF-8!!";

    /// <summary>"κόσμε", the text of Markus Kuhn's decoder test: 11 bytes.</summary>
    public static readonly byte[] Kosme = Hex("CE BA E1 BD B9 CF 83 CE BC CE B5");

    private static readonly byte[] Edited = Utf8("edited");

    // U+D800, a surrogate: its second byte is the first invalid one.
    private static readonly byte[] WithSurrogate = [.. Kosme, .. Hex("ED A0 80"), .. Edited];

    // The encoding of U+110000, if it existed: its second byte is the first invalid one.
    private static readonly byte[] BeyondUnicode = [.. Kosme, .. Hex("F4 90 80 80"), .. Edited];

    // The suite splits the sequences once around the invalid character and once around its invalid byte.
    private const int CharacterStart = 11;
    private const int CharacterEnd = 15;
    private const int BadByte = 12;

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("6.1.1", "a text message of no bytes", [.. Echoed(Text(""))]),
        new("6.1.2", "three empty fragments",
            [.. Echoed(Text("").Unfinished(), Continuation("").Unfinished(), Continuation(""))]),
        new("6.1.3", "three fragments, only the one in the middle not empty",
            [.. Echoed(Text("").Unfinished(), Continuation("middle frame payload").Unfinished(), Continuation(""))]),

        new("6.2.1", "a text of several scripts in one frame", [.. Echoed(Text(Accented))]),
        new("6.2.2", "a text cut between two characters",
            [.. Echoed(Text("Hello-µ@ßöä").Unfinished(), Continuation("üàá-UTF-8!!"))]),
        new("6.2.3", "a text in fragments of one byte", [.. Echoed(Fragments(Text(Accented), 1))]),
        new("6.2.4", "a text of two- and three-byte characters in fragments of one byte",
            [.. Echoed(Fragments(Text(Kosme), 1))]),

        new("6.3.1", "a surrogate in an unfragmented text", [Send(Text(WithSurrogate)), ExpectClose(1007)]),
        new("6.3.2", "a surrogate in fragments of one byte: failed at the fragment that has the bad byte",
            [.. BadFragment()]),

        .. FailFastBetweenFrames("6.4.1", CharacterStart, CharacterEnd),
        .. FailFastBetweenFrames("6.4.2", BadByte, BadByte + 1),
        .. FailFastInsideFrame("6.4.3", CharacterStart, CharacterEnd),
        .. FailFastInsideFrame("6.4.4", BadByte, BadByte + 1),

        .. Group6Utf8Sequences.Cases,
    ];

    private static IEnumerable<Step> BadFragment()
    {
        RawFrame[] frames = [.. Fragments(Text(WithSurrogate), 1)];
        return
        [
            .. Send(frames[..BadByte]), Wait(), Send(frames[BadByte]), ExpectClose(1007),
            .. Send(frames[(BadByte + 1)..]),
        ];
    }

    private static IEnumerable<ConformanceCase> FailFastBetweenFrames(string id, int badStart, int badEnd) =>
    [
        new(id,
            $"three fragments: bytes {badStart} to {badEnd - 1}, in the second, are not UTF-8; failed before the third",
            [
                Send(Text(BeyondUnicode[..badStart]).Unfinished()), Wait(),
                Send(Continuation(BeyondUnicode[badStart..badEnd]).Unfinished()), ExpectClose(1007), Wait(),
                Send(Continuation(BeyondUnicode[badEnd..])),
            ]),
    ];

    private static IEnumerable<ConformanceCase> FailFastInsideFrame(string id, int badStart, int badEnd)
    {
        RawFrame frame = Text(BeyondUnicode);
        return
        [
            new(id,
                $"one frame in three parts: bytes {badStart} to {badEnd - 1} are not UTF-8; failed before the rest",
                [
                    SendUntil(frame, badStart), Wait(), SendMore(frame, badStart, badEnd), ExpectClose(1007), Wait(),
                    SendMore(frame, badEnd),
                ]),
        ];
    }
}
