using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>The character classes of HTTP's grammar (RFC 9110 §5.5, §5.6).</summary>
internal static class HttpCharacters
{
    /// <summary>A carriage return, which ends a line together with a line feed.</summary>
    public const byte CarriageReturn = (byte)'\r';

    /// <summary>A line feed.</summary>
    public const byte LineFeed = (byte)'\n';

    private const string Tchar =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>§5.6.2: what a token is made of.</summary>
    public static readonly SearchValues<byte> TokenBytes = SearchValues.Create([.. Tchar.Select(c => (byte)c)]);

    /// <summary>The same for strings.</summary>
    public static readonly SearchValues<char> TokenChars = SearchValues.Create(Tchar);

    /// <summary>§5.5: what may not stand in a value: every control character but the tab.</summary>
    public static readonly SearchValues<byte> ControlBytes = SearchValues.Create([.. Controls()]);

    /// <summary>The same for strings.</summary>
    public static readonly SearchValues<char> ControlChars = SearchValues.Create([.. Controls().Select(b => (char)b)]);

    /// <summary>Whether the bytes are a token: one or more token characters and nothing else.</summary>
    public static bool IsToken(ReadOnlySpan<byte> value) =>
        !value.IsEmpty && !value.ContainsAnyExcept(TokenBytes);

    /// <summary>Whether the text is a token: one or more token characters and nothing else.</summary>
    public static bool IsToken(ReadOnlySpan<char> value) =>
        !value.IsEmpty && !value.ContainsAnyExcept(TokenChars);

    /// <summary>Removes optional white space (§5.6.3: spaces and tabs) at both ends.</summary>
    public static ReadOnlySpan<byte> TrimWhiteSpace(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);

    private static IEnumerable<byte> Controls() =>
        Enumerable.Range(0, 0x20).Append(0x7F).Where(value => value != '\t').Select(value => (byte)value);
}
