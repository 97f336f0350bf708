namespace Sockeye.Transports;

/// <summary>
/// How much work one connection may do before the others that share its thread have their turn: a time and a number of
/// messages, whichever is used up first.
/// </summary>
/// <remarks>
/// The clock is read once for several messages: for as many as take some ten microseconds, which the connection remembers
/// from one slice to the next. Belongs to one thread at a time.
/// </remarks>
internal sealed class TimeSlice
{
    /// <summary>The stride of a connection of which nothing is known yet: the clock is read after each message.</summary>
    public const byte FirstStride = 1;

    /// <summary>The most messages of one slice.</summary>
    public const int MaxMessageCount = 1024;

    /// <summary>The longest that a slice takes.</summary>
    /// <remarks>
    /// A flush of what was answered costs some microseconds at the end of a slice: a small part of this. A thousand connections that
    /// each use up their slices come round in a tenth of a second.
    /// </remarks>
    public static readonly TimeSpan Length = TimeSpan.FromMicroseconds(100);

    /// <summary>How long a connection that has used up a slice has its turns behind those that have not.</summary>
    /// <remarks>Else it would take a slice before theirs each time that it sends, and thousands of its kind would do the same.</remarks>
    public static readonly TimeSpan DemotionTime = TimeSpan.FromSeconds(1);

    // To read the clock costs some 25 ns.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMicroseconds(10);

    // A slice can overrun by this many messages if they are suddenly expensive. A longer stride would save less than one percent of the
    // cheapest message.
    private const byte MaxStride = 8;

    // Time enough for several looks went by in one stride: its messages have become more expensive.
    private const int TooLongFactor = 4;

    private readonly TimeProvider _time;
    private readonly long _length;
    private readonly long _lookInterval;
    private long _start;
    private long _lastLook;
    private int _messagesLeft;
    private int _untilLook;

    /// <summary>Makes a slice that has not begun.</summary>
    /// <param name="time">Where time comes from.</param>
    public TimeSlice(TimeProvider time)
    {
        _time = time;
        _length = (long)(Length.TotalSeconds * time.TimestampFrequency);
        _lookInterval = (long)(LookInterval.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>Whether the slice was found to be used up.</summary>
    public bool IsOver { get; private set; }

    /// <summary>After how many messages the clock is read: to be handed to the next <see cref="Begin"/> of the connection.</summary>
    public byte Stride { get; private set; }

    /// <summary>Begins a slice.</summary>
    /// <param name="now">A timestamp of a moment ago.</param>
    /// <param name="stride">The <see cref="Stride"/> at the end of the connection's last slice, or <see cref="FirstStride"/>.</param>
    public void Begin(long now, byte stride)
    {
        _start = now;
        _lastLook = now;
        _messagesLeft = MaxMessageCount;
        IsOver = false;
        Stride = stride;

        // One more than a stride: the first message of a slice is always handled, however late it begins.
        _untilLook = stride + 1;
    }

    /// <summary>Whether another message may be handled in this slice. Asked in front of each.</summary>
    public bool TryGoOn() => --_untilLook > 0 || (!IsOver && Look());

    private bool Look()
    {
        long now = _time.GetTimestamp();
        long sinceLook = now - _lastLook;
        _lastLook = now;
        _messagesLeft -= Stride;
        IsOver = now - _start >= _length || _messagesLeft <= 0;
        Stride = sinceLook < _lookInterval ? (byte)Math.Min(Stride * 2, MaxStride)
            : sinceLook >= _lookInterval * TooLongFactor ? FirstStride
            : Stride;
        _untilLook = IsOver ? 0 : Stride;
        return !IsOver;
    }
}
