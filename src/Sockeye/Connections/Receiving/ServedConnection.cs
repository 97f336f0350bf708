using Sockeye.Timing;

namespace Sockeye.Connections.Receiving;

/// <summary>The token of a method that serves a connection: canceled when the connection has ended.</summary>
/// <remarks>
/// It is not canceled before everything that was received has been taken, so that passing the token on loses no message. A method that
/// has stopped receiving would then wait for ever, so the token is also canceled when nothing has been taken for a while.
/// </remarks>
internal sealed class ServedConnection(PullReceiver pull, IReceiverOwner owner) : Deadline
{
    // Longer than one message is worked at, as a rule.
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private int _waitingCount;
    private bool _isDrained;

    /// <summary>The token.</summary>
    public CancellationToken Token => _ended.Token;

    private DeadlineWheel Wheel => owner.Settings.Wheel;

    /// <summary>The connection has ended: watches that what is left is taken.</summary>
    public void Watch()
    {
        int waiting = pull.WaitingCount;
        lock (_gate)
        {
            if (waiting > 0 && !_isDrained)
            {
                _waitingCount = waiting;
                Wheel.Schedule(this, MaxIdleTime);
            }
        }
    }

    /// <summary>All that was received has been taken, or dropped: cancels the token, if that has not been done.</summary>
    /// <remarks>
    /// A tick of the wheel later: calls that were told of the end in its own terms, such as a
    /// <see cref="WebSocketConnection.CloseAsync"/> that passed the token on, are not to end by the token at random.
    /// </remarks>
    public void Cancel()
    {
        lock (_gate)
        {
            if (!_isDrained)
            {
                _isDrained = true;
                Wheel.Schedule(this, DeadlineWheel.Tick);
            }
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        int waiting = pull.WaitingCount;
        lock (_gate)
        {
            if (!_isDrained && waiting != _waitingCount)
            {
                _waitingCount = waiting;
                wheel.Schedule(this, MaxIdleTime);
                return;
            }

            if (IsScheduled)
            {
                // Drained since it fell due: another tick.
                return;
            }

            _isDrained = true;
        }

        _ = CancelAsync();
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    // Off this thread: what the application registered with the token runs there.
    private async Task CancelAsync()
    {
        try
        {
            await _ended.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            // What the application registered with its token has thrown.
            owner.OnHandlerFailed(exception);
        }
    }
}
