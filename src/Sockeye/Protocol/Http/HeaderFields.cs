using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The header lines of a head in their order, as views of its bytes: nothing is copied, and values are decoded only on request.
/// Names are compared without regard to case (RFC 9110 §5.1). The default value has no lines.
/// </summary>
internal readonly ref struct HeaderFields
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ReadOnlySpan<HeaderLine> _lines;

    private HeaderFields(ReadOnlySpan<byte> bytes, ReadOnlySpan<HeaderLine> lines)
    {
        _bytes = bytes;
        _lines = lines;
    }

    /// <summary>The number of lines; repeated names count each time.</summary>
    public int Count => _lines.Length;

    /// <summary>Parses the header lines of a head.</summary>
    /// <param name="head">The whole head.</param>
    /// <param name="start">The index of the first header line.</param>
    /// <param name="lines">The storage for the lines, with room for as many as there may be.</param>
    /// <param name="fields">The lines; empty if one is malformed.</param>
    /// <returns>
    /// Whether each line consists of a name, a colon and a value, an empty line ends them, and there was room for all.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> head, int start, Span<HeaderLine> lines, out HeaderFields fields)
    {
        fields = default;
        int count = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = head[start..];
            int length = rest.IndexOf("\r\n"u8);
            if (length < 0)
            {
                return false;
            }

            if (length == 0)
            {
                if (rest.Length != "\r\n"u8.Length)
                {
                    return false;
                }

                fields = new HeaderFields(head, lines[..count]);
                return true;
            }

            int colon = rest[..length].IndexOf((byte)':');
            if (colon <= 0 || count == lines.Length)
            {
                return false;
            }

            // RFC 9112 §5.1: white space around the value is not part of it.
            ReadOnlySpan<byte> value = rest[(colon + 1)..length];
            int leading = value.Length - value.TrimStart(" \t"u8).Length;
            int valueLength = HttpCharacters.TrimWhiteSpace(value).Length;

            lines[count++] = new HeaderLine(start, colon, start + colon + 1 + leading, valueLength);
            start += length + "\r\n"u8.Length;
        }
    }

    /// <summary>Creates header lines that another HTTP implementation has parsed.</summary>
    /// <param name="pairs">The names and values; a name with several values occurs once for each.</param>
    public static HeaderFields FromPairs(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        List<byte> bytes = [];
        List<HeaderLine> lines = [];
        foreach ((string name, string value) in pairs)
        {
            int nameStart = bytes.Count;
            AppendLatin1(bytes, name);
            int valueStart = bytes.Count;
            AppendLatin1(bytes, value.AsSpan().Trim(" \t"));
            lines.Add(new HeaderLine(nameStart, valueStart - nameStart, valueStart, bytes.Count - valueStart));
        }

        return new HeaderFields(bytes.ToArray(), lines.ToArray());
    }

    /// <summary>Returns the name of a line, in its original case.</summary>
    public ReadOnlySpan<byte> Name(int index) => _bytes.Slice(_lines[index].NameStart, _lines[index].NameLength);

    /// <summary>Returns the value of a line, without white space around it.</summary>
    public ReadOnlySpan<byte> Value(int index) => _bytes.Slice(_lines[index].ValueStart, _lines[index].ValueLength);

    /// <summary>Finds the next line with a name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="from">The index of the first line to examine.</param>
    /// <returns>The index of the line, or -1 if there is none.</returns>
    public int IndexOf(ReadOnlySpan<byte> name, int from = 0)
    {
        for (int index = from; index < Count; index++)
        {
            if (_lines[index].NameLength == name.Length && Ascii.EqualsIgnoreCase(Name(index), name))
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>Finds the value of a name that may occur only once.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="value">The value of the first line with the name; empty if there is none.</param>
    /// <returns>The number of lines with the name: 0, 1, or 2 for more than one.</returns>
    public int Find(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int index = IndexOf(name);
        value = index < 0 ? default : Value(index);
        return index < 0 ? 0 : IndexOf(name, index + 1) < 0 ? 1 : 2;
    }

    /// <summary>Returns the values of all lines with a name, in their order.</summary>
    public HeaderValues ValuesOf(ReadOnlySpan<byte> name) => new(this, name);

    /// <summary>
    /// Whether a token is an element of the comma-separated list that all lines with a name form together (RFC 9110 §5.3,
    /// §5.6.1). Tokens are compared without regard to case.
    /// </summary>
    public bool HasToken(ReadOnlySpan<byte> name, ReadOnlySpan<byte> token)
    {
        foreach (ReadOnlySpan<byte> value in ValuesOf(name))
        {
            foreach (Range range in value.Split((byte)','))
            {
                if (Ascii.EqualsIgnoreCase(HttpCharacters.TrimWhiteSpace(value[range]), token))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Counts the elements of the comma-separated list that all lines with a name form together. Empty elements do not count (RFC
    /// 9110 §5.6.1.2).
    /// </summary>
    public int CountElements(ReadOnlySpan<byte> name)
    {
        int count = 0;
        foreach (ReadOnlySpan<byte> value in ValuesOf(name))
        {
            foreach (Range range in value.Split((byte)','))
            {
                count += HttpCharacters.TrimWhiteSpace(value[range]).IsEmpty ? 0 : 1;
            }
        }

        return count;
    }

    /// <summary>Returns the values of a name as Latin-1 text, joined with commas if there are several.</summary>
    /// <returns>The text, or <see langword="null"/> if no line has the name.</returns>
    public string? GetString(string name)
    {
        string? joined = null;
        for (int index = 0; index < Count; index++)
        {
            if (Ascii.EqualsIgnoreCase(Name(index), name))
            {
                string value = Encoding.Latin1.GetString(Value(index));
                joined = joined is null ? value : joined + ", " + value;
            }
        }

        return joined;
    }

    /// <summary>Returns all lines as Latin-1 text, in their order.</summary>
    public KeyValuePair<string, string>[] ToPairs()
    {
        var pairs = new KeyValuePair<string, string>[Count];
        for (int index = 0; index < pairs.Length; index++)
        {
            pairs[index] = new(Encoding.Latin1.GetString(Name(index)), Encoding.Latin1.GetString(Value(index)));
        }

        return pairs;
    }

    // Not Encoding.Latin1, which converts a full-width letter to the plain one: a character outside Latin-1 must not become one
    // that a check accepts. NUL is rejected by every check.
    private static void AppendLatin1(List<byte> bytes, ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            bytes.Add(c <= byte.MaxValue ? (byte)c : (byte)0);
        }
    }
}
