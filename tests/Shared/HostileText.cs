using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>A text with all characters that must be escaped in a log or on a terminal.</summary>
internal static class HostileText
{
    /// <summary>The beginning of the log line that the text would forge.</summary>
    public const string Forged = "FORGED";

    /// <summary>
    /// A NUL, a bell, an escape sequence, a C1 control, line breaks of all kinds, a bidirectional override, an invisible
    /// character, a tag, and a backslash. Short enough for a close reason.
    /// </summary>
    public const string Text =
        "a\0\u0007\u001b[31m\u009b1m\t\u2028b\u2029\u0085\u202e\u200b\ufeff\U000e0041\\ \"\r\n" + Forged + "\rerased\nend";

    /// <summary>The same with half of a surrogate pair, which no UTF-8 has in it but a string may.</summary>
    public const string WithLoneSurrogate = Text + "\ud83d";

    /// <summary>The same over and over: a megabyte that a log is not to be filled with.</summary>
    public static readonly string Long = string.Concat(Enumerable.Repeat(Text, 1024 * 1024 / Text.Length));

    /// <summary>Asserts that a text shows no part of it unescaped.</summary>
    /// <param name="text">A text of one line; or of several, none of which a peer has begun.</param>
    /// <param name="hasLines">Whether it has lines of its own, such as a stack trace.</param>
    public static void AssertEscaped(string? text, bool hasLines = false)
    {
        foreach (string line in hasLines ? (text ?? "").Split(Environment.NewLine) : [text ?? ""])
        {
            // EnumerateRunes makes U+FFFD of half a pair, so those are looked for on their own.
            Assert.DoesNotContain(line.EnumerateRunes(), IsHidden);
            Assert.True(line.Length == 0 || !char.IsHighSurrogate(line[^1]), "Half of a surrogate pair is shown.");
            Assert.False(line.StartsWith(Forged, StringComparison.Ordinal), "A line is forged.");
        }
    }

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator;
}
