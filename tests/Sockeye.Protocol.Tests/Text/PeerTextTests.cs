using System.Globalization;
using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class PeerTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("going away", "going away")]
    [InlineData("grüße, 世界 🐟", "grüße, 世界 🐟")]
    [InlineData("a\r\nb\tc", @"a\r\nb\tc")]
    [InlineData("\0\u0007\u001b[2J\u007f", @"\u0000\u0007\u001B[2J\u007F")]
    [InlineData("\u0085\u009b31m", @"\u0085\u009B31m")]
    [InlineData("\u2028\u2029", @"\u2028\u2029")]
    [InlineData("abc\u202edef\u2066\u200b\ufeff", @"abc\u202Edef\u2066\u200B\uFEFF")]
    [InlineData("\u00ad\u3164\ufe0f\u034f", @"\u00AD\u3164\uFE0F\u034F")]
    [InlineData("\U000e0041\U000e0100\U0010fffd", @"\U000E0041\U000E0100\U0010FFFD")]
    [InlineData("\uffff\u0378", @"\uFFFF\u0378")]
    [InlineData(@"C:\n ""quoted""", @"C:\\n ""quoted""")]
    [InlineData("\ufffd", "\ufffd")]
    public void Text_is_escaped_as_in_a_string_literal(string text, string escaped)
    {
        Assert.Equal(escaped, PeerText.Escape(text));
        Assert.Equal($"'{escaped}'", PeerText.Quote(text));
    }

    [Fact]
    public void Lone_surrogates_are_escaped_and_pairs_are_not()
    {
        // Not theory data, since a runner may be unable to show them.
        Assert.Equal(@"a\uD83Db\uDC1F🐟\uD83D", PeerText.Escape("a\ud83db\udc1f\ud83d\udc1f\ud83d"));
        Assert.False(PeerText.IsPlain("\udc1f"));
        Assert.True(PeerText.IsPlain("\ud83d\udc1f"));
    }

    [Fact]
    public void A_quote_is_escaped_only_between_quotes()
    {
        Assert.Equal("don't", PeerText.Escape("don't"));
        Assert.Equal(@"'don\'t, \\'", PeerText.Quote(@"don't, \"));
    }

    [Fact]
    public void Null_counts_as_an_empty_text()
    {
        Assert.Equal("", PeerText.Escape(null));
        Assert.Equal("''", PeerText.Quote(null));
    }

    [Fact]
    public void Text_that_needs_no_change_is_not_copied()
    {
        string text = new('x', PeerText.MaxLength);

        Assert.Same(text, PeerText.Escape(text));
    }

    [Theory]
    [InlineData("abcd", 4, "abcd")]
    [InlineData("abcde", 4, "abcd…")]
    [InlineData("abc\n", 4, "abc…")]
    [InlineData("ab\n", 4, @"ab\n")]
    [InlineData("ab\nc", 4, @"ab\n…")]
    [InlineData("a\u2028", 4, "a…")]
    [InlineData("abc🐟", 4, "abc…")]
    [InlineData("ab🐟", 4, "ab🐟")]
    [InlineData("a", 0, "…")]
    public void Long_text_is_truncated_between_characters_and_escapes(string text, int maxLength, string expected) =>
        Assert.Equal(expected, PeerText.Escape(text, maxLength));

    [Theory]
    [InlineData('a')]
    [InlineData('\n')]
    [InlineData('\u202e')]
    public void A_text_of_a_million_characters_costs_no_more_than_its_start(char character)
    {
        string text = new(character, 1_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();

        string escaped = PeerText.Escape(text);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
        Assert.InRange(escaped.Length, PeerText.MaxLength - 5, PeerText.MaxLength + 1);
        Assert.EndsWith("…", escaped, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "  ")]
    [InlineData("one", "  one")]
    [InlineData("one\ntwo\r\nthree\rfour\u2028five\u0085six", "  one|  two|  three|  four|  five|  six")]
    [InlineData("at C:\\x\n\u001b[31m\\", "  at C:\\x|  \\u001B[31m\\\\")]
    [InlineData("\n", "  |  ")]
    public void Each_line_is_escaped_and_indented(string text, string expected) =>
        Assert.Equal(expected.Replace("|", Environment.NewLine, StringComparison.Ordinal), PeerText.EscapeLines(text));

    [Theory]
    [InlineData("abcdefghij", "  abcdefgh…")]
    [InlineData("abcdefg\nhij", "  abcdefg…")]
    [InlineData("abc\u001bdefg", "  abc…")]
    [InlineData("a\nb\nc\nd", "  a|  b…")]
    public void Lines_share_one_limit(string text, string expected)
    {
        string escaped = PeerText.EscapeLines(text, maxLength: 10);

        Assert.Equal(expected, escaped.Replace(Environment.NewLine, "|", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_Unicode_character_is_shown_visibly_on_one_line()
    {
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            string text = value is >= 0xD800 and <= 0xDFFF ? ((char)value).ToString() : char.ConvertFromUtf32(value);

            string escaped = PeerText.Escape(text);

            if (!PeerText.IsPlain(escaped) || escaped.EnumerateRunes().Any(IsHidden) || Unescape(escaped) != text)
            {
                Assert.Fail($"U+{value:X4} is shown as {escaped}");
            }
        }
    }

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    private static string Unescape(string escaped) => escaped switch
    {
        ['\\', 't'] => "\t",
        ['\\', 'n'] => "\n",
        ['\\', 'r'] => "\r",
        ['\\', '\\'] => escaped[1..],
        ['\\', 'u', .. var digits] => ((char)int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
        ['\\', 'U', .. var digits] => char.ConvertFromUtf32(int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        _ => escaped,
    };
}
