using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Which paths belong to a route: <c>/chat</c> itself; <c>/chat/{room}</c>, where a parameter is one segment that is not
/// empty; <c>/files/{*rest}</c>, whose last parameter takes all that is left, but slashes at its start; <c>*</c>, every path.
/// Immutable.
/// </summary>
/// <remarks>
/// Paths are cut at their slashes before they are percent-decoded, so that <c>%2F</c> is part of a segment and never an end of
/// one. Case counts (RFC 3986 §6.2.2.1).
/// </remarks>
internal sealed class RoutePattern
{
    private readonly Segment[] _segments;

    private RoutePattern(string text, Segment[] segments)
    {
        Text = text;
        _segments = segments;
    }

    /// <summary>Every path.</summary>
    public static RoutePattern Any { get; } = new("*", [new Segment("", SegmentKind.Rest)]);

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    /// <summary>Whether it is one path only, which goes before those that are many.</summary>
    public bool IsExact => Array.TrueForAll(_segments, segment => segment.Kind == SegmentKind.Literal);

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="pattern">What it means, if it is one.</param>
    /// <returns>Whether it begins with a slash, or is <c>*</c>, and its parameters are whole segments with different names.</returns>
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

    /// <summary>Whether a path belongs to the route.</summary>
    /// <param name="path">The path as it was sent, from its slash.</param>
    public bool IsMatch(ReadOnlySpan<byte> path) => Match(path, values: null);

    /// <summary>What stands for the parameters in a path of the route, decoded, in their order.</summary>
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
                // "/files//etc/passwd": what goes to a file system as a relative path must not be an absolute one.
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

            // A literal is what a decoded path is compared with: so it is written decoded itself.
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
