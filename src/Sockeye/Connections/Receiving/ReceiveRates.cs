namespace Sockeye.Connections.Receiving;

/// <summary>
/// Checks the rates of what a peer sends (<see cref="ReceiveRateOptions"/>) with a token bucket for each. Only on the I/O thread.
/// </summary>
internal sealed class ReceiveRates
{
    private readonly TimeProvider _time;
    private TokenBucket _messages;
    private TokenBucket _bytes;
    private TokenBucket _pings;
    private long _refilledAt;
    private bool _isPaused;

    /// <summary>Creates full buckets.</summary>
    public ReceiveRates(ReceiveRateOptions options, TimeProvider time)
    {
        _time = time;
        _messages = new TokenBucket(options.MessagesPerSecond, options.BurstPeriod);
        _bytes = new TokenBucket(options.BytesPerSecond, options.BurstPeriod);
        _pings = new TokenBucket(options.PingsPerSecond, options.BurstPeriod);
        _refilledAt = time.GetTimestamp();
    }

    /// <summary>Adds what the time since the last call allows. Called once for each read.</summary>
    public void Refill()
    {
        long now = _time.GetTimestamp();
        TimeSpan elapsed = _time.GetElapsedTime(_refilledAt, now);
        _refilledAt = now;
        _messages.Refill(elapsed, _isPaused);
        _bytes.Refill(elapsed, _isPaused);
        _pings.Refill(elapsed, _isPaused);
        _isPaused = false;
    }

    /// <summary>
    /// Reading waits for the application from now on. What the peer sends meanwhile, within its rates, arrives at once afterwards, and may be
    /// more than a burst.
    /// </summary>
    public void NotePaused() => _isPaused = true;

    /// <summary>Notes a whole message.</summary>
    /// <returns>The reason to fail the connection; <see langword="null"/> if the peer may send this.</returns>
    public WebSocketRateException? NoteMessage() => Note(ref _messages, 1, WebSocketRate.Messages);

    /// <summary>Notes what has arrived.</summary>
    /// <returns>As <see cref="NoteMessage"/>.</returns>
    public WebSocketRateException? NoteBytes(int length) => Note(ref _bytes, length, WebSocketRate.Bytes);

    /// <summary>Notes a ping.</summary>
    /// <returns>As <see cref="NoteMessage"/>.</returns>
    public WebSocketRateException? NotePing() => Note(ref _pings, 1, WebSocketRate.Pings);

    private static WebSocketRateException? Note(ref TokenBucket bucket, int count, WebSocketRate rate) =>
        bucket.TryTake(count) ? null : new WebSocketRateException(rate, bucket.PerSecond);

    // Without a rate, everything may be taken.
    private struct TokenBucket
    {
        private readonly double _capacity;
        private double _tokens;

        public TokenBucket(int? perSecond, TimeSpan burst)
        {
            PerSecond = perSecond ?? 0;
            _capacity = perSecond is null ? double.PositiveInfinity : perSecond.Value * burst.TotalSeconds;
            _tokens = _capacity;
        }

        public int PerSecond { get; }

        public void Refill(TimeSpan elapsed, bool wasPaused)
        {
            // What was saved up during a pause is beyond the capacity, and lasts until it is used.
            double limit = wasPaused ? double.PositiveInfinity : Math.Max(_capacity, _tokens);
            _tokens = Math.Min(_tokens + (elapsed.TotalSeconds * PerSecond), limit);
        }

        public bool TryTake(int count)
        {
            bool isThere = _tokens >= count;
            _tokens -= isThere ? count : 0;
            return isThere;
        }
    }
}
