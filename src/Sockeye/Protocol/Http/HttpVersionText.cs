namespace Sockeye.Protocol;

/// <summary>Parses the HTTP version in a start line (RFC 9112 §2.3).</summary>
internal static class HttpVersionText
{
    private const int Length = 8;

    /// <summary>Parses <c>HTTP/</c>, a digit, a dot and a digit.</summary>
    /// <returns>Whether the text is exactly that; <c>HTTP/1.10</c>, <c>HTTP/2</c> and <c>http/1.1</c> are not.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out int major, out int minor)
    {
        major = minor = 0;
        if (text.Length != Length
            || !text.StartsWith("HTTP/"u8)
            || !char.IsAsciiDigit((char)text[5])
            || text[6] != (byte)'.'
            || !char.IsAsciiDigit((char)text[7]))
        {
            return false;
        }

        major = text[5] - '0';
        minor = text[7] - '0';
        return true;
    }

    /// <summary>
    /// Whether a connection of this version can be upgraded. RFC 6455 §4.1 requires "at least 1.1", and a later 1.x is treated as
    /// 1.1 (RFC 9110 §2.5).
    /// </summary>
    public static bool CanUpgrade(int major, int minor) => major == 1 && minor >= 1;
}
