namespace Sockeye.Protocol;

/// <summary>How large the head of an HTTP message may be. A peer pays for each byte before it is held.</summary>
/// <param name="MaxStartLineLength">The longest request line or status line, in bytes, without its CRLF.</param>
/// <param name="MaxHeaderLineLength">The longest header line, in bytes, without its CRLF.</param>
/// <param name="MaxLength">The longest head, in bytes, with the empty line that ends it.</param>
/// <param name="MaxHeaderCount">The most header lines; repeated names count each time.</param>
internal sealed record HeadLimits(
    int MaxStartLineLength, int MaxHeaderLineLength, int MaxLength, int MaxHeaderCount)
{
    private const int KiB = 1024;

    /// <summary>8 KiB a line as in Kestrel and python-websockets, 16 KiB in all as in Node.js, 64 lines.</summary>
    public static HeadLimits Default { get; } = new(8 * KiB, 8 * KiB, 16 * KiB, HeaderLine.UsualCount);
}
