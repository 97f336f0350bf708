using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>The character classes of HTTP's grammar (RFC 9110 §5.5, §5.6).</summary>
internal static class HttpCharacters
{
    /// <summary>The carriage return, which ends a line together with a line feed.</summary>
    public const byte CarriageReturn = (byte)'\r';

    /// <summary>The line feed, which ends a line.</summary>
    public const byte LineFeed = (byte)'\n';

    private const string Tchar =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>The characters of a token (RFC 9110 §5.6.2).</summary>
    public static readonly SearchValues<byte> TokenBytes = SearchValues.Create([.. Tchar.Select(c => (byte)c)]);

    /// <summary>The characters of a token, for strings.</summary>
    public static readonly SearchValues<char> TokenChars = SearchValues.Create(Tchar);

    /// <summary>The control characters that a value must not contain: all except the tab (RFC 9110 §5.5).</summary>
    public static readonly SearchValues<byte> ControlBytes = SearchValues.Create([.. Controls()]);

    /// <summary>The control characters that a value must not contain, for strings.</summary>
    public static readonly SearchValues<char> ControlChars = SearchValues.Create([.. Controls().Select(b => (char)b)]);

    /// <summary>Whether the bytes are a token: one or more token characters and nothing else.</summary>
    public static bool IsToken(ReadOnlySpan<byte> value) =>
        !value.IsEmpty && !value.ContainsAnyExcept(TokenBytes);

    /// <summary>Whether the text is a token: one or more token characters and nothing else.</summary>
    public static bool IsToken(ReadOnlySpan<char> value) =>
        !value.IsEmpty && !value.ContainsAnyExcept(TokenChars);

    /// <summary>Removes optional white space (RFC 9110 §5.6.3: spaces and tabs) at both ends.</summary>
    public static ReadOnlySpan<byte> TrimWhiteSpace(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);

    private static IEnumerable<byte> Controls() =>
        Enumerable.Range(0, 0x20).Append(0x7F).Where(value => value != '\t').Select(value => (byte)value);
}
