using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// The limits on the head of a request: the request line and the header lines of an opening handshake. Immutable.
/// </summary>
/// <remarks>
/// Until its request has arrived, a client is unknown. It may occupy <see cref="MaxHeadLength"/> bytes for
/// <see cref="WebSocketAcceptorOptions.HandshakeTimeout"/>, and there may be <see cref="WebSocketAcceptorOptions.MaxPendingHandshakes"/> such
/// clients: raise the limits only as far as tokens and cookies require.
/// </remarks>
public sealed record HandshakeLimitOptions
{
    // The request line and the five headers of RFC 6455 §4.1 take about 150 bytes.
    private const int MinLength = 256;
    private const int MinHeaderCount = 5;
    private const int MaxAnyLength = 1024 * 1024;
    private const int MaxAnyHeaderCount = 10_000;

    /// <summary>The longest request line, in bytes, without its line break. A longer line is rejected with 414.</summary>
    /// <value>
    /// 256 bytes to 1 MiB, and no more than <see cref="MaxHeadLength"/> if it is set. The default is 8 KiB, as in Kestrel.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxRequestLineLength
    {
        get;
        init => field = OptionChecks.Between(value, MinLength, MaxAnyLength, nameof(MaxRequestLineLength));
    } = HeadLimits.Default.MaxStartLineLength;

    /// <summary>The longest header line, in bytes, without its line break. A longer line is rejected with 431.</summary>
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
    /// The longest head in total, in bytes, including line breaks and the empty line at its end. A longer head is rejected with 431.
    /// </summary>
    /// <value>256 bytes to 1 MiB. The default is 16 KiB, as in Node.js.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxHeadLength
    {
        get;
        init => field = OptionChecks.Between(value, MinLength, MaxAnyLength, nameof(MaxHeadLength));
    } = HeadLimits.Default.MaxLength;

    /// <summary>The maximum number of header lines; repeated names count each time. A head with more is rejected with 431.</summary>
    /// <value>5, the minimum for an opening handshake, to 10,000. The default is 64.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxHeaderCount
    {
        get;
        init => field = OptionChecks.Between(value, MinHeaderCount, MaxAnyHeaderCount, nameof(MaxHeaderCount));
    } = HeadLimits.Default.MaxHeaderCount;

    internal HeadLimits ToHeadLimits() => new(MaxRequestLineLength, MaxHeaderLineLength, MaxHeadLength, MaxHeaderCount);
}
