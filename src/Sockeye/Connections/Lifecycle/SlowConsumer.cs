using Sockeye.Connections.Sending;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// What a connection keeps about a slow peer: how many messages were dropped, whether the application knows that the peer is slow, and
/// since when the connection is to be closed for it. Created when a message first finds no room. Thread-safe.
/// </summary>
/// <remarks>
/// The send queue decides whether the peer is slow (<see cref="SendQueue.IsSlow"/>). Threads that notice a change may call in any order, so
/// each call looks at the queue again under the lock of this object.
/// </remarks>
internal sealed class SlowConsumer(IPeerDeadlineOwner owner) : Deadline
{
    private readonly Lock _gate = new();
    private long _newest;
    private long _oldest;
    private long _replaced;

    // All below guarded by _gate. The delegates are called by the owner, which knows their type.
    private Delegate? _becameSlow;
    private Delegate? _caughtUp;
    private bool _hasBecomeSlow;
    private bool _isReportedSlow;
    private bool _isReporting;
    private bool _isToBeClosed;

    /// <summary>How many messages were dropped.</summary>
    public WebSocketDropCounts Counts =>
        new(Interlocked.Read(ref _newest), Interlocked.Read(ref _oldest), Interlocked.Read(ref _replaced));

    /// <summary>Whether the application has asked to be called.</summary>
    public bool HasListeners => Volatile.Read(ref _becameSlow) is not null || Volatile.Read(ref _caughtUp) is not null;

    /// <summary>Adds a listener, or removes it.</summary>
    /// <param name="isSlow">Whether it is called when the peer becomes slow, or when it has caught up.</param>
    /// <param name="listener">The listener.</param>
    /// <param name="adds">Whether it is added.</param>
    public void Change(bool isSlow, Delegate? listener, bool adds)
    {
        lock (_gate)
        {
            ref Delegate? listeners = ref isSlow ? ref _becameSlow : ref _caughtUp;
            listeners = adds ? Delegate.Combine(listeners, listener) : Delegate.Remove(listeners, listener);
        }
    }

    /// <summary>Counts messages that were dropped.</summary>
    public void Count(in SendDrops drops)
    {
        Interlocked.Add(ref _newest, drops.Newest);
        Interlocked.Add(ref _oldest, drops.Oldest);
        Interlocked.Add(ref _replaced, drops.Replaced);
    }

    /// <summary>The peer has become slow, or a message that closes it for that has found no room.</summary>
    /// <param name="becomes">Whether it was not slow before.</param>
    /// <param name="closes">Whether the connection is closed if the peer stays slow.</param>
    public void NoteSlow(bool becomes, bool closes)
    {
        lock (_gate)
        {
            _hasBecomeSlow |= becomes;
            if (closes && !_isToBeClosed && owner.IsSlow)
            {
                _isToBeClosed = true;
                owner.Settings.Wheel.Schedule(this, owner.Settings.Options.OwnSlowConsumer.CloseAfter);
            }
        }

        if (becomes)
        {
            Report();
        }
    }

    /// <summary>The send buffer has drained, and the peer may no longer be slow.</summary>
    public void NoteDrained()
    {
        lock (_gate)
        {
            if (owner.IsSlow)
            {
                return;
            }

            if (_isToBeClosed)
            {
                _isToBeClosed = false;
                owner.Settings.Wheel.Cancel(this);
            }
        }

        Report();
    }

    /// <summary>Stops the deadline: the connection has ended.</summary>
    public void Stop() => owner.Settings.Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        lock (_gate)
        {
            if (!_isToBeClosed || IsScheduled)
            {
                // Since it fell due, the peer has caught up, and may have become slow again.
                return;
            }

            _isToBeClosed = false;
        }

        if (owner.IsSlow)
        {
            owner.OnSlowTooLong();
        }
    }

    // On the thread pool, since the callbacks may send, and the caller may be any thread in the middle of a send.
    private void Report()
    {
        if (!HasListeners && !owner.LogsSlow)
        {
            return;
        }

        lock (_gate)
        {
            if (_isReporting)
            {
                return;
            }

            _isReporting = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static consumer => consumer.ReportChanges(), this, preferLocal: false);
    }

    private void ReportChanges()
    {
        while (TryTakeChange(out bool isSlow, out Delegate? listeners))
        {
            owner.OnSlowChanged(isSlow, listeners);
        }
    }

    private bool TryTakeChange(out bool isSlow, out Delegate? listeners)
    {
        lock (_gate)
        {
            isSlow = !_isReportedSlow;
            listeners = isSlow ? _becameSlow : _caughtUp;
            bool hasChanged = isSlow ? _hasBecomeSlow : !owner.IsSlow;
            _hasBecomeSlow = false;
            _isReportedSlow ^= hasChanged;
            _isReporting = hasChanged;
            return hasChanged;
        }
    }
}
