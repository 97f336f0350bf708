using System.Globalization;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>Makes text from a peer safe to show in a log, in an exception message, or in <see cref="object.ToString"/>.</summary>
/// <remarks>
/// A line break in a close reason forges a log line, an escape sequence repaints a terminal, and a bidirectional control reverses
/// the text after it (CWE-117, CVE-2021-42574). All text from a peer is therefore escaped here before it is shown; properties
/// that return the same text to the application leave it as received.
/// </remarks>
internal static class PeerText
{
    /// <summary>The default maximum length of a shown text in characters, escapes included.</summary>
    public const int MaxLength = 256;

    // Enough for a long stack trace with inner exceptions.
    private const int MaxLinesLength = 32 * 1024;

    private const string LineStart = "  ";

    private const char Ellipsis = '…';

    // The length of "\U" and eight digits.
    private const int MaxEscapeLength = 10;

    /// <summary>Escapes a text like a C# string literal, and truncates it.</summary>
    /// <param name="text">Text from a peer; <see langword="null"/> counts as empty.</param>
    /// <param name="maxLength">The maximum length of the result, in characters, without the "…" that marks a truncation.</param>
    /// <returns>
    /// One line of visible characters, in which backslashes are escaped too. A text that needs no change is returned as it is.
    /// </returns>
    public static string Escape(string? text, int maxLength = MaxLength) => Escape(text ?? "", maxLength, quote: '\\');

    /// <summary>Escapes a text and encloses it in single quotes, which are escaped inside it.</summary>
    /// <param name="text">Text from a peer; <see langword="null"/> counts as empty.</param>
    /// <param name="maxLength">
    /// The maximum length of the result, in characters, without the quotes and the "…" that marks a truncation.
    /// </param>
    public static string Quote(string? text, int maxLength = MaxLength) => $"'{Escape(text ?? "", maxLength, quote: '\'')}'";

    /// <summary>
    /// Whether a text can be shown as it is: no control characters, line breaks, invisible characters or lone surrogates. Always
    /// <see langword="true"/> for a result of <see cref="Escape(string?, int)"/>.
    /// </summary>
    public static bool IsPlain(ReadOnlySpan<char> text) => !IsAnyEscaped(text, quote: null);

    /// <summary>
    /// Escapes and truncates a text that has lines of its own, such as an application's exception that quotes a peer.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">The maximum length of the result, in characters, without the "…" that marks a truncation.</param>
    /// <returns>
    /// The lines, each indented so that it cannot pass for the start of a log entry, and otherwise escaped as by
    /// <see cref="Escape(string?, int)"/>.
    /// </returns>
    public static string EscapeLines(string text, int maxLength = MaxLinesLength)
    {
        var escaped = new StringBuilder(Math.Min(text.Length, maxLength) + 1);
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            string start = escaped.Length == 0 ? LineStart : Environment.NewLine + LineStart;
            int left = maxLength - escaped.Length - start.Length;
            if (left <= 0)
            {
                return escaped.Append(Ellipsis).ToString();
            }

            escaped.Append(start);
            if (line.Length <= left && IsPlain(line))
            {
                escaped.Append(line);
                continue;
            }

            // Escapes no more of the line than can be shown.
            string shown = Escape(line[..Math.Min(line.Length, left + 1)].ToString(), left);
            escaped.Append(shown);
            if (shown.EndsWith(Ellipsis) && line[^1] != Ellipsis)
            {
                return escaped.ToString();
            }
        }

        return escaped.ToString();
    }

    // Escapes the quote and the backslash; neither, if there is no quote.
    private static string Escape(string original, int maxLength, char quote)
    {
        ReadOnlySpan<char> text = original;
        if (text.Length <= maxLength && !IsAnyEscaped(text, quote))
        {
            return original;
        }

        var escaped = new StringBuilder(Math.Min(text.Length, maxLength) + 1);
        Span<char> buffer = stackalloc char[MaxEscapeLength];
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf16(text, out Rune rune, out int consumed);
            int length = IsEscaped(text[..consumed], rune, quote)
                ? WriteEscape(buffer, text[..consumed], rune)
                : rune.EncodeToUtf16(buffer);

            // Never split an escape or a surrogate pair.
            if (escaped.Length + length > maxLength)
            {
                return escaped.Append(Ellipsis).ToString();
            }

            escaped.Append(buffer[..length]);
            text = text[consumed..];
        }

        return escaped.ToString();
    }

    private static bool IsAnyEscaped(ReadOnlySpan<char> text, char? quote)
    {
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf16(text, out Rune rune, out int consumed);
            if (IsEscaped(text[..consumed], rune, quote))
            {
                return true;
            }

            text = text[consumed..];
        }

        return false;
    }

    // A lone surrogate decodes to U+FFFD, which may also occur as a valid character.
    private static bool IsEscaped(ReadOnlySpan<char> source, Rune rune, char? quote)
    {
        if (rune.IsAscii)
        {
            return rune.Value is < ' ' or '\x7F' || (quote is not null && (rune.Value == '\\' || rune.Value == quote));
        }

        return (source.Length == 1 && char.IsSurrogate(source[0]))
            || IsInvisible(rune.Value)
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned;
    }

    // The members of Unicode's Default_Ignorable_Code_Point that have other categories: fillers and variation selectors, which
    // can hide text or make two different names look alike.
    private static bool IsInvisible(int value) =>
        value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x3164
            or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0000 and <= 0xE0FFF);

    private static int WriteEscape(Span<char> destination, ReadOnlySpan<char> source, Rune rune)
    {
        char? letter = rune.Value switch
        {
            '\t' => 't',
            '\n' => 'n',
            '\r' => 'r',
            '\\' => '\\',
            '\'' => '\'',
            _ => null,
        };
        int written;
        if (letter is not null)
        {
            destination[0] = '\\';
            destination[1] = letter.GetValueOrDefault();
            written = 2;
        }
        else if (source.Length == 1)
        {
            destination.TryWrite(CultureInfo.InvariantCulture, $"\\u{(int)source[0]:X4}", out written);
        }
        else
        {
            destination.TryWrite(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}", out written);
        }

        return written;
    }
}
