namespace Sockeye.Transports;

/// <summary>
/// Limits how much work one connection does before the others on its thread have their turn: by time and by number of messages,
/// whichever is used up first.
/// </summary>
/// <remarks>
/// The clock is read once per stride, a number of messages that take about ten microseconds. The connection keeps its stride from
/// one slice to the next. Used by one thread at a time.
/// </remarks>
internal sealed class TimeSlice
{
    /// <summary>The stride of a new connection: the clock is read after each message.</summary>
    public const byte FirstStride = 1;

    /// <summary>The maximum number of messages in one slice.</summary>
    public const int MaxMessageCount = 1024;

    /// <summary>The maximum duration of a slice.</summary>
    /// <remarks>
    /// The flush at the end of a slice costs a few microseconds, a small part of this. A thousand connections that all use up
    /// their slices are served once every tenth of a second.
    /// </remarks>
    public static readonly TimeSpan Length = TimeSpan.FromMicroseconds(100);

    /// <summary>How long a connection that has used up a slice is served after those that have not.</summary>
    /// <remarks>Otherwise it would run a slice ahead of them each time that it sends, and so would thousands like it.</remarks>
    public static readonly TimeSpan DemotionTime = TimeSpan.FromSeconds(1);

    // Reading the clock costs about 25 ns.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMicroseconds(10);

    // A slice can overrun by this many messages if they suddenly become expensive. A longer stride would save less than one
    // percent of the cheapest message.
    private const byte MaxStride = 8;

    // A stride that took this many intervals was too long: its messages have become more expensive.
    private const int TooLongFactor = 4;

    private readonly TimeProvider _time;
    private readonly long _length;
    private readonly long _checkInterval;
    private long _start;
    private long _lastCheck;
    private int _messagesLeft;
    private int _untilCheck;

    /// <summary>Creates a slice that has not begun.</summary>
    /// <param name="time">The clock.</param>
    public TimeSlice(TimeProvider time)
    {
        _time = time;
        _length = (long)(Length.TotalSeconds * time.TimestampFrequency);
        _checkInterval = (long)(CheckInterval.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>Whether the slice is used up.</summary>
    public bool IsOver { get; private set; }

    /// <summary>
    /// The number of messages between two readings of the clock, to pass to the connection's next <see cref="Begin"/>.
    /// </summary>
    public byte Stride { get; private set; }

    /// <summary>Begins a slice.</summary>
    /// <param name="now">A recent timestamp.</param>
    /// <param name="stride">The <see cref="Stride"/> after the connection's last slice, or <see cref="FirstStride"/>.</param>
    public void Begin(long now, byte stride)
    {
        _start = now;
        _lastCheck = now;
        _messagesLeft = MaxMessageCount;
        IsOver = false;
        Stride = stride;

        // One more than a stride, so that the first message of a slice is always handled, however late the slice begins.
        _untilCheck = stride + 1;
    }

    /// <summary>Whether another message may be handled in this slice. Called before each message.</summary>
    public bool TryGoOn() => --_untilCheck > 0 || (!IsOver && CheckClock());

    private bool CheckClock()
    {
        long now = _time.GetTimestamp();
        long sinceCheck = now - _lastCheck;
        _lastCheck = now;
        _messagesLeft -= Stride;
        IsOver = now - _start >= _length || _messagesLeft <= 0;
        Stride = sinceCheck < _checkInterval ? (byte)Math.Min(Stride * 2, MaxStride)
            : sinceCheck >= _checkInterval * TooLongFactor ? FirstStride
            : Stride;
        _untilCheck = IsOver ? 0 : Stride;
        return !IsOver;
    }
}
