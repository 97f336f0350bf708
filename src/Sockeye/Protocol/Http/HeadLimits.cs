namespace Sockeye.Protocol;

/// <summary>The limits for the head of an HTTP message. A peer must send each byte before it is stored.</summary>
/// <param name="MaxStartLineLength">The maximum length of a request line or status line, in bytes, without its CRLF.</param>
/// <param name="MaxHeaderLineLength">The maximum length of a header line, in bytes, without its CRLF.</param>
/// <param name="MaxLength">The maximum length of a head, in bytes, including the empty line that ends it.</param>
/// <param name="MaxHeaderCount">The maximum number of header lines; repeated names count each time.</param>
internal sealed record HeadLimits(
    int MaxStartLineLength, int MaxHeaderLineLength, int MaxLength, int MaxHeaderCount)
{
    private const int KiB = 1024;

    /// <summary>
    /// The default limits: 8 KiB per line as in Kestrel and python-websockets, 16 KiB in total as in Node.js, and 64 lines.
    /// </summary>
    public static HeadLimits Default { get; } = new(8 * KiB, 8 * KiB, 16 * KiB, HeaderLine.UsualCount);
}
