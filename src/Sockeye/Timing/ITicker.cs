namespace Sockeye.Timing;

/// <summary>Has a <see cref="DeadlineWheel"/> turn as time goes on. Called under the wheel's lock: must not call back.</summary>
internal interface ITicker
{
    /// <summary>From now on <see cref="DeadlineWheel.Turn"/> is to be called once per <see cref="DeadlineWheel.Tick"/>.</summary>
    void Start();

    /// <summary>Nothing is scheduled any more: it need not be called until the next start.</summary>
    void Stop();
}
