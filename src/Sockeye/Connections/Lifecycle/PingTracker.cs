using System.Buffers.Binary;

namespace Sockeye.Connections.Lifecycle;

/// <summary>Tracks and times the pings that have not been answered by a pong (RFC 6455 §5.5.2, §5.5.3).</summary>
/// <remarks>
/// A ping carries a number. A pong completes the ping with its number and all sent before it, since a peer may respond to the newest
/// only; a pong without such a number is a one-way heartbeat and is ignored. Thread-safe. Every connection that was idle for a while
/// has a tracker; without pending pings it is small.
/// </remarks>
internal sealed class PingTracker(TimeProvider time)
{
    /// <summary>The length of a ping's payload, in bytes.</summary>
    public const int PayloadLength = sizeof(ulong);

    // Bounds the list for a peer that never sends a pong.
    private const int MaxUnwatchedCount = 64;

    private static readonly TimeSpan Unknown = Timeout.InfiniteTimeSpan;

    // Oldest first. Guarded by lock (this): the object is internal, so no other code can lock it.
    private Ping? _underway;
    private Ping? _newest;
    private int _underwayCount;

    // When this many pings are unanswered, those without a waiting caller are removed.
    private int _maxCount = MaxUnwatchedCount;
    private ulong _lastNumber;
    private TimeSpan _roundTripTime = Unknown;
    private TimeSpan _smoothed;
    private TimeSpan _shortest;

    // The position of the last ping.
    private SentPlace _sent;

    /// <summary>The round-trip time of the last ping that got a pong; <see langword="null"/> before the first.</summary>
    public TimeSpan? RoundTripTime => Times?.Last;

    /// <summary>The round-trip times of the pings that got a pong; <see langword="null"/> before the first.</summary>
    public WebSocketRoundTripTimes? Times
    {
        get
        {
            lock (this)
            {
                return _roundTripTime == Unknown ? null : new WebSocketRoundTripTimes(_roundTripTime, _smoothed, _shortest);
            }
        }
    }

    /// <summary>The number of pings without a pong.</summary>
    public int UnderwayCount
    {
        get
        {
            lock (this)
            {
                return _underwayCount;
            }
        }
    }

    /// <summary>Starts timing a ping.</summary>
    /// <param name="payload">Receives the payload of the ping.</param>
    /// <param name="answer">
    /// Completed with the round-trip time; <see langword="null"/> if no caller waits for it. A caller that stops waiting completes it
    /// itself; the pong still updates <see cref="RoundTripTime"/>.
    /// </param>
    public void Begin(Span<byte> payload, TaskCompletionSource<TimeSpan>? answer)
    {
        lock (this)
        {
            BinaryPrimitives.WriteUInt64BigEndian(payload, ++_lastNumber);
            if (_underwayCount >= _maxCount)
            {
                DropUnwatched();
            }

            var ping = new Ping(_lastNumber, time.GetTimestamp()) { Answer = answer };
            Link() = ping;
            _newest = ping;
            _underwayCount++;
        }
    }

    /// <summary>Notes the position of the end of a ping, just sent, in everything that this end sends.</summary>
    /// <param name="end">The position, a count of bytes that may wrap.</param>
    /// <param name="acknowledged">How much of that the peer's system has acknowledged.</param>
    public void NoteSent(uint end, uint acknowledged)
    {
        lock (this)
        {
            _sent = new SentPlace(end, acknowledged);
        }
    }

    /// <summary>
    /// Whether the peer's system has not acknowledged that ping yet, but has acknowledged something since the last look.
    /// </summary>
    /// <param name="acknowledged">How much it has acknowledged.</param>
    public bool IsOnItsWay(uint acknowledged)
    {
        lock (this)
        {
            return _sent.IsApproached(acknowledged);
        }
    }

    /// <summary>Completes the pings that a received pong answers.</summary>
    /// <returns>The round-trip time of the newest of them; <see langword="null"/> if the pong answers none.</returns>
    public TimeSpan? OnPong(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != PayloadLength)
        {
            return null;
        }

        ulong number = BinaryPrimitives.ReadUInt64BigEndian(payload);
        lock (this)
        {
            Ping? answered = _underway;
            while (answered is not null && answered.Number != number)
            {
                answered = answered.Next;
            }

            if (answered is null)
            {
                return null;
            }

            // One reading of the clock, so that the ping's sender and RoundTripTime get the same value.
            long now = time.GetTimestamp();
            Note(time.GetElapsedTime(answered.SentAt, now));
            for (Ping? ping = _underway; ping != answered.Next; ping = ping.Next)
            {
                ping!.Answer?.TrySetResult(time.GetElapsedTime(ping.SentAt, now));
                _underwayCount--;
            }

            _underway = answered.Next;
            _newest = _underway is null ? null : _newest;
            return _roundTripTime;
        }
    }

    /// <summary>Fails all pings: the connection has ended, and no pong will arrive.</summary>
    public void FailAll(Func<Exception> reason)
    {
        lock (this)
        {
            for (Ping? ping = _underway; ping is not null; ping = ping.Next)
            {
                if (ping.Answer is { } answer && answer.TrySetException(reason()))
                {
                    // Observed here: the caller of PingAsync may already have an exception from its send and never await this task.
                    _ = answer.Task.Exception;
                }
            }

            _underway = null;
            _newest = null;
            _underwayCount = 0;
        }
    }

    private void Note(TimeSpan roundTripTime)
    {
        bool isFirst = _roundTripTime == Unknown;
        _roundTripTime = roundTripTime;

        // As TCP smooths its own (RFC 6298 §2): each new time counts an eighth.
        _smoothed = isFirst ? roundTripTime : _smoothed + ((roundTripTime - _smoothed) / 8);
        _shortest = isFirst || roundTripTime < _shortest ? roundTripTime : _shortest;
    }

    // The link that the next ping is stored in.
    private ref Ping? Link()
    {
        if (_newest is null)
        {
            return ref _underway;
        }

        return ref _newest.Next;
    }

    private void DropUnwatched()
    {
        Ping? ping = _underway;
        _underway = null;
        _newest = null;
        _underwayCount = 0;
        while (ping is not null)
        {
            Ping? next = ping.Next;
            ping.Next = null;
            if (ping.Answer is { Task.IsCompleted: false })
            {
                Link() = ping;
                _newest = ping;
                _underwayCount++;
            }

            ping = next;
        }

        // With many waiting callers the list is not searched again for each new ping.
        _maxCount = Math.Max(MaxUnwatchedCount, 2 * _underwayCount);
    }

    private sealed class Ping(ulong number, long sentAt)
    {
        public Ping? Next;

        public ulong Number { get; } = number;

        public long SentAt { get; } = sentAt;

        public TaskCompletionSource<TimeSpan>? Answer { get; init; }
    }
}
