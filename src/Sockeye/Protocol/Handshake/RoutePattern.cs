using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// A pattern for the paths of a route: <c>/chat</c>; <c>/chat/{room}</c>, whose parameter matches one non-empty segment;
/// <c>/files/{*rest}</c>, whose last parameter matches the rest of the path without slashes at its start; or <c>*</c>, which
/// matches every path. Immutable.
/// </summary>
/// <remarks>
/// Paths are split at slashes before they are percent-decoded, so that <c>%2F</c> is part of a segment and never ends one.
/// Case-sensitive (RFC 3986 §6.2.2.1).
/// </remarks>
internal sealed class RoutePattern
{
    private readonly Segment[] _segments;

    private RoutePattern(string text, Segment[] segments)
    {
        Text = text;
        _segments = segments;
    }

    /// <summary>The pattern that matches every path.</summary>
    public static RoutePattern Any { get; } = new("*", [new Segment("", SegmentKind.Rest)]);

    /// <summary>A pattern of another router, which matches the paths.</summary>
    /// <param name="text">Its text, in the syntax of that router.</param>
    public static RoutePattern Named(string text) => new(text, []);

    /// <summary>The text of the pattern.</summary>
    public string Text { get; }

    /// <summary>Whether the pattern matches a single path, which takes precedence over patterns with parameters.</summary>
    public bool IsExact => Array.TrueForAll(_segments, segment => segment.Kind == SegmentKind.Literal);

    /// <summary>Parses a pattern.</summary>
    /// <param name="text">The text of the pattern.</param>
    /// <param name="pattern">The pattern, if it is valid.</param>
    /// <returns>
    /// Whether the pattern starts with a slash or is <c>*</c>, and its parameters are whole segments with different names.
    /// </returns>
    public static bool TryParse(string text, out RoutePattern? pattern)
    {
        pattern = text == Any.Text ? Any : null;
        if (pattern is not null || !text.StartsWith('/'))
        {
            return pattern is not null;
        }

        string[] parts = text[1..].Split('/');
        var segments = new Segment[parts.Length];
        for (int index = 0; index < parts.Length; index++)
        {
            if (!Segment.TryParse(parts[index], isLast: index == parts.Length - 1, out segments[index]))
            {
                return false;
            }
        }

        string[] names = [.. segments.Where(segment => segment.Kind != SegmentKind.Literal).Select(segment => segment.Text)];
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Length)
        {
            return false;
        }

        pattern = new RoutePattern(text, segments);
        return true;
    }

    /// <summary>Whether the pattern matches a path.</summary>
    /// <param name="path">The path as it was sent, starting with a slash.</param>
    public bool IsMatch(ReadOnlySpan<byte> path) => Match(path, values: null);

    /// <summary>Returns the decoded values of the parameters in a matching path, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ValuesIn(ReadOnlySpan<byte> path)
    {
        if (IsExact || this == Any)
        {
            return [];
        }

        List<KeyValuePair<string, string>> values = [];
        Match(path, values);
        return values;
    }

    private bool Match(ReadOnlySpan<byte> path, List<KeyValuePair<string, string>>? values)
    {
        ReadOnlySpan<byte> rest = path.StartsWith("/"u8) ? path[1..] : path;
        for (int index = 0; index < _segments.Length; index++)
        {
            Segment segment = _segments[index];
            if (segment.Kind == SegmentKind.Rest)
            {
                // In "/files//etc/passwd", a value that is used as a relative path must not become an absolute one.
                values?.Add(new(segment.Text, Decode(rest).TrimStart(['/', '\\'])));
                return true;
            }

            int slash = rest.IndexOf((byte)'/');
            bool isLast = index == _segments.Length - 1;
            if (slash < 0 != isLast || !segment.IsMatch(slash < 0 ? rest : rest[..slash], values))
            {
                return false;
            }

            rest = rest[(slash + 1)..];
        }

        return true;
    }

    private static string Decode(ReadOnlySpan<byte> text) => Uri.UnescapeDataString(Encoding.ASCII.GetString(text));

    private enum SegmentKind
    {
        Literal,
        Parameter,
        Rest,
    }

    private readonly struct Segment(string text, SegmentKind kind)
    {
        private readonly byte[] _bytes = kind == SegmentKind.Literal ? Encoding.UTF8.GetBytes(text) : [];

        public string Text { get; } = text;

        public SegmentKind Kind { get; } = kind;

        public static bool TryParse(string part, bool isLast, out Segment segment)
        {
            bool isParameter = part.StartsWith('{') && part.EndsWith('}');
            bool isRest = isParameter && part.StartsWith("{*", StringComparison.Ordinal);
            SegmentKind kind = isRest ? SegmentKind.Rest : isParameter ? SegmentKind.Parameter : SegmentKind.Literal;
            string text = isRest ? part[2..^1] : isParameter ? part[1..^1] : part;
            segment = new Segment(text, kind);

            // Literals are compared with decoded paths, so they must be written decoded.
            return text.IndexOfAny(['{', '}', '*', '%', '?', '#']) < 0
                && (!isParameter || text.Length > 0)
                && (!isRest || isLast);
        }

        public bool IsMatch(ReadOnlySpan<byte> part, List<KeyValuePair<string, string>>? values)
        {
            if (Kind == SegmentKind.Literal)
            {
                return part.Contains((byte)'%')
                    ? Decode(part).Equals(Text, StringComparison.Ordinal)
                    : part.SequenceEqual(_bytes);
            }

            values?.Add(new(Text, Decode(part)));
            return !part.IsEmpty;
        }
    }
}
