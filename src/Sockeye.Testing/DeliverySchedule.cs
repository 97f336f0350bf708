namespace Sockeye.Testing;

/// <summary>In which pieces the bytes of a direction arrive, and when.</summary>
/// <remarks>
/// Where pieces end and how much later each is depends on positions only, not on how the sender's writes were cut. Not thread-safe.
/// </remarks>
internal sealed class DeliverySchedule
{
    // What an Ethernet frame carries of a TCP stream over IPv4.
    private const int DefaultSegmentLength = 1460;

    private readonly SeededNumbers _lengths;
    private readonly SeededNumbers _delays;
    private readonly WebSocketTestLinkOptions _options;
    private readonly int? _segmentLength;
    private long _segmentCount;
    private long _segmentEnd;
    private TimeSpan _lineFreeAt;
    private TimeSpan _lastDue;

    /// <summary>Prepares the schedule of a direction.</summary>
    public DeliverySchedule(WebSocketTestLinkOptions options, int seed, int direction)
    {
        _lengths = new SeededNumbers(seed, direction * 2);
        _delays = new SeededNumbers(seed, (direction * 2) + 1);
        _options = options;
        _segmentLength = options.SegmentLength ?? (options.BytesPerSecond is null ? null : DefaultSegmentLength);
    }

    /// <summary>Returns how many bytes from a position on arrive together. Positions must not decrease.</summary>
    /// <returns><see langword="null"/> for no maximum.</returns>
    public long? LengthAt(long position)
    {
        if (_segmentLength is not { } length)
        {
            return null;
        }

        while (_segmentEnd <= position)
        {
            _segmentEnd += _options.VarySegments ? _lengths.LengthAt(_segmentCount++, length) : length;
        }

        return _segmentEnd - position;
    }

    /// <summary>Returns when bytes that are sent now arrive; never before bytes that were sent earlier.</summary>
    public TimeSpan DueAt(long position, int length, TimeSpan now)
    {
        TimeSpan sent = now;
        if (_options.BytesPerSecond is { } rate)
        {
            TimeSpan start = _lineFreeAt > now ? _lineFreeAt : now;
            _lineFreeAt = sent = start + TimeSpan.FromTicks(length * TimeSpan.TicksPerSecond / rate);
        }

        TimeSpan due = sent + _options.Latency + JitterAt(position);
        if (due > now)
        {
            // A timer has whole milliseconds only, and would otherwise fire too early again and again.
            due = TimeSpan.FromMilliseconds(Math.Ceiling(due.TotalMilliseconds));
        }

        return _lastDue = due > _lastDue ? due : _lastDue;
    }

    private TimeSpan JitterAt(long position) =>
        _options.Jitter == TimeSpan.Zero ? TimeSpan.Zero : _options.Jitter * _delays.FractionAt(position);
}
