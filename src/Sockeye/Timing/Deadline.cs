namespace Sockeye.Timing;

/// <summary>Something that is due at a time: an entry of a <see cref="DeadlineWheel"/>, not a timer of its own.</summary>
internal abstract class Deadline
{
    // All four belong to the wheel, under its lock. Every connection has one of these: the tick is the low half of the
    // wheel's.
    internal Deadline? Previous;
    internal Deadline? Next;
    internal uint DueTick;
    internal bool IsScheduled;

    /// <summary>The time has come. Called once per schedule, on the thread that turns the wheel, outside of any lock.</summary>
    /// <param name="wheel">The wheel, to schedule the next with.</param>
    public abstract void OnDue(DeadlineWheel wheel);

    /// <summary>
    /// <see cref="OnDue"/> has thrown, which it should not: to be logged, and what the deadline belongs to is to be dropped. The
    /// wheel and all else on it go on.
    /// </summary>
    public abstract void OnFaulted(Exception exception);
}
