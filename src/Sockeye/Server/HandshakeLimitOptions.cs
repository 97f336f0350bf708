using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// How large the head of a request may be: the request line and the header lines of an opening handshake. Never changes once
/// made.
/// </summary>
/// <remarks>
/// Until a request is whole a client is a stranger, who may hold as much memory as <see cref="MaxHeadLength"/> for
/// <see cref="WebSocketServerOptions.HandshakeTimeout"/>, <see cref="WebSocketServerOptions.MaxPendingHandshakes"/> times over:
/// raise these limits as far as tokens and cookies need it, and no further.
/// </remarks>
public sealed record HandshakeLimitOptions
{
    // The request line and the five headers of RFC 6455 §4.1 have some 150 bytes.
    private const int MinLength = 256;
    private const int MinHeaderCount = 5;
    private const int MaxAnyLength = 1024 * 1024;
    private const int MaxAnyHeaderCount = 10_000;

    /// <summary>The longest request line, in bytes, without its line break. A longer one is answered with 414.</summary>
    /// <value>
    /// 256 bytes to 1 MiB, and no more than <see cref="MaxHeadLength"/> if it is set. The default is 8 KiB, as in Kestrel.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxRequestLineLength
    {
        get;
        init => field = OptionChecks.Between(value, MinLength, MaxAnyLength, nameof(MaxRequestLineLength));
    } = HeadLimits.Default.MaxStartLineLength;

    /// <summary>The longest header line, in bytes, without its line break. A longer one is answered with 431.</summary>
    /// <value>
    /// 256 bytes to 1 MiB, and no more than <see cref="MaxHeadLength"/> if it is set. The default is 8 KiB, as in python-websockets.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxHeaderLineLength
    {
        get;
        init => field = OptionChecks.Between(value, MinLength, MaxAnyLength, nameof(MaxHeaderLineLength));
    } = HeadLimits.Default.MaxHeaderLineLength;

    /// <summary>
    /// The longest head in all, in bytes, line breaks and the empty line at its end included. A longer one is answered with 431.
    /// </summary>
    /// <value>256 bytes to 1 MiB. The default is 16 KiB, as in Node.js.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxHeadLength
    {
        get;
        init => field = OptionChecks.Between(value, MinLength, MaxAnyLength, nameof(MaxHeadLength));
    } = HeadLimits.Default.MaxLength;

    /// <summary>The most header lines; repeated names count each time. A head with more is answered with 431.</summary>
    /// <value>5, which an opening handshake has at least, to 10,000. The default is 64.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxHeaderCount
    {
        get;
        init => field = OptionChecks.Between(value, MinHeaderCount, MaxAnyHeaderCount, nameof(MaxHeaderCount));
    } = HeadLimits.Default.MaxHeaderCount;

    internal HeadLimits ToHeadLimits() => new(MaxRequestLineLength, MaxHeaderLineLength, MaxHeadLength, MaxHeaderCount);
}
