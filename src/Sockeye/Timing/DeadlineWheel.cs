using System.Runtime.CompilerServices;

namespace Sockeye.Timing;

/// <summary>
/// A coarse timer wheel: however many deadlines there are, one ticker turns it, and an entry costs its place in a list.
/// </summary>
/// <remarks>
/// Entries fall due up to two ticks late, never early. Scheduling and cancelling take constant time. The ticker stands
/// still while nothing is scheduled. Thread-safe.
/// </remarks>
internal sealed class DeadlineWheel
{
    /// <summary>How coarse the wheel is. Its shortest customers are timeouts of a second.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    // Six years are never: what a deadline keeps of its tick tells past and future apart up to 2^31 ticks, 6.8 years.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(6 * 365);

    // If the system's timer is this late, the process was stopped: a suspended machine, a debugger.
    private static readonly long MaxGap = ToTicks(TimeSpan.FromSeconds(2));

    // 256 ticks are 25.6 s: the usual deadlines (20 s, 10 s, 5 s) come round within one turn.
    private const int SlotCount = 256;

    private static readonly ConditionalWeakTable<TimeProvider, DeadlineWheel> Wheels = [];

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _startTimestamp;
    private readonly Deadline?[] _slots = new Deadline?[SlotCount];
    private readonly ITicker _ticker;
    private readonly bool _detectsStops;
    private long _lastTick;
    private long _lastGapTick;
    private int _count;
    private bool _isTurning;

    /// <summary>Makes a wheel on which nothing is scheduled.</summary>
    /// <param name="time">Where time comes from.</param>
    /// <param name="ticker">Has it turn; <see langword="null"/> for one timer of the clock.</param>
    /// <param name="detectsStops">
    /// Whether a late turn means that the process was stopped; <see langword="null"/> for the system's clock only. A test advances its
    /// own clock by any time at once, and expects what is due by then.
    /// </param>
    public DeadlineWheel(TimeProvider time, ITicker? ticker = null, bool? detectsStops = null)
    {
        _time = time;
        _detectsStops = detectsStops ?? time == TimeProvider.System;
        _startTimestamp = time.GetTimestamp();
        _ticker = ticker ?? new TimerTicker(this);
    }

    /// <summary>
    /// The wheel that belongs to a clock: all that is not served by an event loop, which has its own, shares one.
    /// </summary>
    public static DeadlineWheel For(TimeProvider time) => Wheels.GetValue(time, static time => new DeadlineWheel(time));

    /// <summary>Where time comes from.</summary>
    public TimeProvider Time => _time;

    /// <summary>The ticks since the wheel was made, read from the clock.</summary>
    public long CurrentTick => _time.GetElapsedTime(_startTimestamp).Ticks / Tick.Ticks;

    /// <summary>Returns when a tick was, within a tenth of a second.</summary>
    /// <param name="tick">The low half of the tick.</param>
    public DateTimeOffset TimeOf(uint tick)
    {
        TimeSpan elapsed = _time.GetElapsedTime(_startTimestamp);
        long now = elapsed.Ticks / Tick.Ticks;
        long full = now - Math.Max((int)((uint)now - tick), 0);
        return _time.GetUtcNow() - (elapsed - (full * Tick));
    }

    /// <summary>
    /// The tick the wheel last turned to: behind <see cref="CurrentTick"/> by a tick or so while anything is scheduled,
    /// and much cheaper.
    /// </summary>
    public long RecentTick => Volatile.Read(ref _lastTick);

    /// <summary>
    /// The tick at which the wheel last turned after it had been stopped, with the process, for more than two seconds; 0 if it never was.
    /// </summary>
    public long LastGapTick => Volatile.Read(ref _lastGapTick);

    /// <summary>Converts a time to ticks, rounded up.</summary>
    public static long ToTicks(TimeSpan time) => (time.Ticks + Tick.Ticks - 1) / Tick.Ticks;

    /// <summary>Schedules an entry, in place of what it was scheduled for before.</summary>
    public void Schedule(Deadline deadline, TimeSpan after)
    {
        TimeSpan delay = after < MaxDelay ? after : MaxDelay;
        lock (_gate)
        {
            // Read under the lock, so that the wheel cannot have turned past the tick meanwhile.
            TimeSpan now = _time.GetElapsedTime(_startTimestamp);
            Unlink(deadline);
            if (_count++ == 0)
            {
                _lastTick = now.Ticks / Tick.Ticks;
                _ticker.Start();
            }

            deadline.DueTick = (uint)Math.Max(ToTicks(now + delay), _lastTick + 1);
            Link(deadline);
        }
    }

    /// <summary>Takes an entry out. Its <see cref="Deadline.OnDue"/> may be running at this moment.</summary>
    public void Cancel(Deadline deadline)
    {
        lock (_gate)
        {
            Unlink(deadline);
            StopIfEmpty();
        }
    }

    /// <summary>Calls the deadlines that have fallen due. The ticker calls this once per <see cref="Tick"/>.</summary>
    /// <remarks>
    /// A timer may fire again while the deadlines of its last tick are still being called. Such a call returns at once, and the next
    /// one makes up for it: a deadline is never called on two threads at a time.
    /// </remarks>
    public void Turn()
    {
        List<Deadline>? due = TakeDue();
        if (due is null)
        {
            return;
        }

        foreach (Deadline deadline in due)
        {
            Call(deadline);
        }

        lock (_gate)
        {
            _isTurning = false;
        }
    }

    // Leaves _isTurning set if it returns a list.
    private List<Deadline>? TakeDue()
    {
        List<Deadline>? due = null;
        lock (_gate)
        {
            if (_isTurning)
            {
                return null;
            }

            long now = CurrentTick;

            // After a long stop of the process each slot is still visited once only.
            long first = Math.Max(_lastTick + 1, now - SlotCount + 1);
            for (long tick = first; tick <= now; tick++)
            {
                Deadline? next = _slots[tick % SlotCount];
                while (next is not null)
                {
                    Deadline deadline = next;
                    next = deadline.Next;
                    if ((int)(deadline.DueTick - (uint)now) <= 0)
                    {
                        Unlink(deadline);
                        (due ??= []).Add(deadline);
                    }
                }
            }

            // The slots of a turn are in the order of their ticks, but after more than one turn a slot has entries of several.
            if (now - _lastTick > SlotCount)
            {
                due?.Sort(static (one, other) => (int)(one.DueTick - other.DueTick));
            }

            if (_detectsStops && now - _lastTick > MaxGap)
            {
                _lastGapTick = now;
            }

            if (now > _lastTick)
            {
                _lastTick = now;
            }

            StopIfEmpty();
            _isTurning = due is not null;
        }

        return due;
    }

    // On a timer's thread an exception would end the process, and on an event loop's too.
    private void Call(Deadline deadline)
    {
        try
        {
            deadline.OnDue(this);
        }
        catch (Exception exception)
        {
            try
            {
                deadline.OnFaulted(exception);
            }
            catch (Exception second)
            {
                FaultTrace.Write(exception);
                FaultTrace.Write(second);
            }
        }
    }

    private void StopIfEmpty()
    {
        if (_count == 0)
        {
            _ticker.Stop();
        }
    }

    private void Link(Deadline deadline)
    {
        ref Deadline? slot = ref _slots[deadline.DueTick % SlotCount];
        deadline.Next = slot;
        deadline.Previous = null;
        if (slot is not null)
        {
            slot.Previous = deadline;
        }

        slot = deadline;
        deadline.IsScheduled = true;
    }

    private void Unlink(Deadline deadline)
    {
        if (!deadline.IsScheduled)
        {
            return;
        }

        if (deadline.Previous is null)
        {
            _slots[deadline.DueTick % SlotCount] = deadline.Next;
        }
        else
        {
            deadline.Previous.Next = deadline.Next;
        }

        if (deadline.Next is not null)
        {
            deadline.Next.Previous = deadline.Previous;
        }

        deadline.Previous = null;
        deadline.Next = null;
        deadline.IsScheduled = false;
        _count--;
    }
}
