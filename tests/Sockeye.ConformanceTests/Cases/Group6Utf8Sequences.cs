using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>
/// 6.5 to 6.23: one text message per sequence, most of them from Markus Kuhn's "UTF-8 decoder capability and stress test". Valid
/// text is echoed; invalid text fails the connection with 1007.
/// </summary>
internal static class Group6Utf8Sequences
{
    private static readonly byte[][] Incomplete =
    [
        Hex("C0"), Hex("E0 80"), Hex("F0 80 80"), Hex("F8 80 80 80"), Hex("FC 80 80 80 80"),
        Hex("DF"), Hex("EF BF"), Hex("F7 BF BF"), Hex("FB BF BF BF"), Hex("FD BF BF BF BF"),
    ];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. Valid(5, "text of one- to four-byte characters",
            Utf8("hello$world"), Utf8("hello¢world"), Utf8("hello€world"), Hex("68656C6C6F F0A4ADA2 776F726C64"),
            Group6Utf8.Kosme),
        .. PrefixesOfKosme(6),
        .. Valid(7, "the first character of a length", Hex("00"), Hex("C2 80"), Hex("E0 A0 80"), Hex("F0 90 80 80")),
        .. Invalid(8, "the first sequence of five and of six bytes", Hex("F8 88 80 80 80"), Hex("FC 84 80 80 80 80")),
        .. Valid(9, "the last character of a length", Hex("7F"), Hex("DF BF"), Hex("EF BF BF"), Hex("F4 8F BF BF")),
        .. Invalid(10, "the last sequence of four, five and six bytes",
            Hex("F7 BF BF BF"), Hex("FB BF BF BF BF"), Hex("FD BF BF BF BF BF")),
        .. Valid(11, "other boundaries", Hex("ED 9F BF"), Hex("EE 80 80"), Hex("EF BF BD"), Hex("F4 8F BF BF")),
        Invalid(11, 5, "one past the last character", Hex("F4 90 80 80")),
        .. Invalid(12, "continuation bytes that continue nothing",
            [
                Hex("80"), Hex("BF"), Hex("80 BF"), Hex("80 BF 80"), Hex("80 BF 80 BF"), Hex("80 BF 80 BF 80"),
                Hex("80 BF 80 BF 80 BF"), Bytes(0x80, 0xBE),
            ]),
        .. Invalid(13, "lead bytes, each followed by a space",
            Spaced(0xC0, 0xDE), Spaced(0xE0, 0xEE), Spaced(0xF0, 0xF6), Spaced(0xF8, 0xFA), Spaced(0xFC, 0xFC)),
        .. Invalid(14, "a sequence without its last byte", Incomplete),
        .. Invalid(15, "sequences without their last bytes, joined", [.. Incomplete.SelectMany(bytes => bytes)]),
        .. Invalid(16, "bytes that are never used", Hex("FE"), Hex("FF"), Hex("FE FE FF FF")),
        .. Invalid(17, "an overlong slash",
            Hex("C0 AF"), Hex("E0 80 AF"), Hex("F0 80 80 AF"), Hex("F8 80 80 80 AF"), Hex("FC 80 80 80 80 AF")),
        .. Invalid(18, "the last overlong sequence of a length",
            Hex("C1 BF"), Hex("E0 9F BF"), Hex("F0 8F BF BF"), Hex("F8 87 BF BF BF"), Hex("FC 83 BF BF BF BF")),
        .. Invalid(19, "an overlong NUL",
            Hex("C0 80"), Hex("E0 80 80"), Hex("F0 80 80 80"), Hex("F8 80 80 80 80"), Hex("FC 80 80 80 80 80")),
        .. Invalid(20, "a surrogate alone",
            Hex("ED A0 80"), Hex("ED AD BF"), Hex("ED AE 80"), Hex("ED AF BF"), Hex("ED B0 80"), Hex("ED BE 80"),
            Hex("ED BF BF")),
        .. Invalid(21, "a pair of surrogates",
            Hex("ED A0 80 ED B0 80"), Hex("ED A0 80 ED BF BF"), Hex("ED AD BF ED B0 80"), Hex("ED AD BF ED BF BF"),
            Hex("ED AE 80 ED B0 80"), Hex("ED AE 80 ED BF BF"), Hex("ED AF BF ED B0 80"), Hex("ED AF BF ED BF BF")),
        .. Valid(22, "a noncharacter, which is valid UTF-8", [.. Noncharacters()]),
        .. Valid(23, "a character of the block Specials",
            Hex("EF BF B9"), Hex("EF BF BA"), Hex("EF BF BB"), Hex("EF BF BC"), Hex("EF BF BD"), Hex("EF BF BE"),
            Hex("EF BF BF")),
    ];

    private static IEnumerable<ConformanceCase> Valid(int subgroup, string what, params byte[][] sequences) =>
        sequences.Select((bytes, i) => Valid(subgroup, i + 1, what, bytes));

    private static ConformanceCase Valid(int subgroup, int number, string what, byte[] bytes) =>
        new($"6.{subgroup}.{number}", $"{what}: {Convert.ToHexString(bytes)}", [.. Echoed(Text(bytes))]);

    private static IEnumerable<ConformanceCase> Invalid(int subgroup, string what, params byte[][] sequences) =>
        sequences.Select((bytes, i) => Invalid(subgroup, i + 1, what, bytes));

    private static ConformanceCase Invalid(int subgroup, int number, string what, byte[] bytes) =>
        new($"6.{subgroup}.{number}", $"{what}: {Convert.ToHexString(bytes)}", [Send(Text(bytes)), ExpectClose(1007)]);

    // "κόσμε" consists of whole characters after 2, 5, 7, 9 and 11 bytes, and ends inside one everywhere else.
    private static IEnumerable<ConformanceCase> PrefixesOfKosme(int subgroup) =>
        Enumerable.Range(1, Group6Utf8.Kosme.Length).Select(length => length is 2 or 5 or 7 or 9 or 11
            ? Valid(subgroup, length, "a prefix of κόσμε that ends with a character", Group6Utf8.Kosme[..length])
            : Invalid(subgroup, length, "a prefix of κόσμε that ends inside a character", Group6Utf8.Kosme[..length]));

    // Unicode standard §23.7: the last two code points of each plane.
    private static IEnumerable<byte[]> Noncharacters()
    {
        yield return Hex("EF BF BE");
        yield return Hex("EF BF BF");
        for (int plane = 1; plane <= 16; plane++)
        {
            for (int last = 0xFFFE; last <= 0xFFFF; last++)
            {
                yield return Utf8(char.ConvertFromUtf32((plane << 16) | last));
            }
        }
    }

    private static byte[] Bytes(int first, int last) =>
        [.. Enumerable.Range(first, last - first + 1).Select(value => (byte)value)];

    private static byte[] Spaced(int first, int last) =>
        [.. Bytes(first, last).SelectMany(lead => new[] { lead, (byte)' ' })];
}
