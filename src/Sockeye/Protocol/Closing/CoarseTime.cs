namespace Sockeye.Protocol;

/// <summary>
/// A reading of the coarse clock that deadlines are measured with, and the only place that computes how long ago something happened.
/// </summary>
/// <remarks>
/// A connection keeps the low 32 bits of a tick count. Their differences are right up to 2^31 ticks, which is 6.8 years of 100 ms.
/// </remarks>
internal readonly struct CoarseTime
{
    private readonly uint _ticksSinceGap;
    private readonly TimeSpan _tick;

    /// <summary>Reads the clock.</summary>
    /// <param name="now">The ticks since the clock was started.</param>
    /// <param name="lastGap">The tick at which the process last continued after it had been stopped; 0 if it never was.</param>
    /// <param name="tick">How long a tick is.</param>
    public CoarseTime(long now, long lastGap, TimeSpan tick)
    {
        Now = (uint)now;
        _ticksSinceGap = (uint)Math.Clamp(now - lastGap, 0, int.MaxValue);
        _tick = tick;
    }

    /// <summary>The low 32 bits of the current tick.</summary>
    public uint Now { get; }

    /// <summary>How much longer than <see cref="Since"/> another clock may measure: ticks are whole ones.</summary>
    public TimeSpan Tolerance => 2 * _tick;

    /// <summary>How long ago a tick was, not counting any time before the last gap.</summary>
    /// <param name="tick">The low 32 bits of the tick.</param>
    /// <remarks>
    /// A process that was stopped cannot know what its peer did meanwhile, so the peer's time starts over when it continues. A tick
    /// that is later than this reading is one that another thread has stored since, and counts as now.
    /// </remarks>
    public TimeSpan Since(uint tick) => Math.Min((uint)Math.Max((int)(Now - tick), 0), _ticksSinceGap) * _tick;
}
