using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The header lines of a head, in their order, over its bytes where they lie: nothing is copied, and nothing is decoded
/// until it is asked for. Names compare without regard to case (RFC 9110 §5.1). The default value has no lines.
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

    /// <summary>How many lines there are; repeated names count each time.</summary>
    public int Count => _lines.Length;

    /// <summary>Reads the header lines of a head.</summary>
    /// <param name="head">The whole head.</param>
    /// <param name="start">Where the first header line begins.</param>
    /// <param name="lines">Where to note the lines: room for as many as there may be.</param>
    /// <param name="fields">The lines; none if one is malformed.</param>
    /// <returns>
    /// Whether each line is a name, a colon and a value, an empty line ends them, and there was room for all.
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

            // RFC 9112 §5.1: white space around the value is no part of it.
            ReadOnlySpan<byte> value = rest[(colon + 1)..length];
            int leading = value.Length - value.TrimStart(" \t"u8).Length;
            int valueLength = HttpCharacters.TrimWhiteSpace(value).Length;

            lines[count++] = new HeaderLine(start, colon, start + colon + 1 + leading, valueLength);
            start += length + "\r\n"u8.Length;
        }
    }

    /// <summary>Takes header lines that another HTTP implementation has read.</summary>
    /// <param name="pairs">Names and values; a name with several values once for each.</param>
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

    /// <summary>The name of a line, as it was written.</summary>
    public ReadOnlySpan<byte> Name(int index) => _bytes.Slice(_lines[index].NameStart, _lines[index].NameLength);

    /// <summary>The value of a line, without white space around it.</summary>
    public ReadOnlySpan<byte> Value(int index) => _bytes.Slice(_lines[index].ValueStart, _lines[index].ValueLength);

    /// <summary>Where the next line of a name is.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="from">The first line to look at.</param>
    /// <returns>Its index, or -1 if there is none.</returns>
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

    /// <summary>Finds the value of a name that may stand on one line only.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="value">The value of its first line; empty if there is none.</param>
    /// <returns>How many lines have the name: 0, 1, or 2 for more than one.</returns>
    public int Find(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        int index = IndexOf(name);
        value = index < 0 ? default : Value(index);
        return index < 0 ? 0 : IndexOf(name, index + 1) < 0 ? 1 : 2;
    }

    /// <summary>The values of every line of a name, in their order.</summary>
    public HeaderValues ValuesOf(ReadOnlySpan<byte> name) => new(this, name);

    /// <summary>
    /// Whether a token is an element of the comma-separated list that all lines of a name make together
    /// (RFC 9110 §5.3, §5.6.1). Tokens compare without regard to case.
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
    /// How many elements the comma-separated list has that all lines of a name make together. Empty elements don't count
    /// (RFC 9110 §5.6.1.2).
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

    /// <summary>
    /// The values of a name for people and applications: Latin-1, joined with a comma if there are several.
    /// </summary>
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

    /// <summary>Every line as text, in their order (Latin-1).</summary>
    public KeyValuePair<string, string>[] ToPairs()
    {
        var pairs = new KeyValuePair<string, string>[Count];
        for (int index = 0; index < pairs.Length; index++)
        {
            pairs[index] = new(Encoding.Latin1.GetString(Name(index)), Encoding.Latin1.GetString(Value(index)));
        }

        return pairs;
    }

    // Not Encoding.Latin1, which turns a full-width letter into the plain one: what is not Latin-1 must not become
    // something that a check accepts. NUL is refused by every check there is.
    private static void AppendLatin1(List<byte> bytes, ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            bytes.Add(c <= byte.MaxValue ? (byte)c : (byte)0);
        }
    }
}
