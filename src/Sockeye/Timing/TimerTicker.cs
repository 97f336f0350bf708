namespace Sockeye.Timing;

/// <summary>Turns a wheel with one timer of its clock, on whatever thread timers are called on.</summary>
internal sealed class TimerTicker : ITicker
{
    private readonly ITimer _timer;

    public TimerTicker(DeadlineWheel wheel) => _timer = wheel.Time.CreateTimer(
        static wheel => ((DeadlineWheel)wheel!).Turn(), wheel, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Start() => _timer.Change(DeadlineWheel.Tick, DeadlineWheel.Tick);

    /// <inheritdoc/>
    public void Stop() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
