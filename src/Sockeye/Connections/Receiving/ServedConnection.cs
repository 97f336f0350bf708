using Sockeye.Timing;

namespace Sockeye.Connections.Receiving;

/// <summary>The token of a method that serves a connection: canceled when the connection has ended.</summary>
/// <remarks>
/// It is not canceled before everything that was received has been taken, so passing the token on loses no message. A method that has
/// stopped receiving would wait forever, so the token is also canceled when nothing has been taken for a while.
/// </remarks>
internal sealed class ServedConnection(PullReceiver pull, IReceiverOwner owner) : Deadline
{
    // Longer than an application usually works on one message.
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private int _waitingCount;
    private bool _isDrained;

    /// <summary>The token.</summary>
    public CancellationToken Token => _ended.Token;

    private DeadlineWheel Wheel => owner.Settings.Wheel;

    /// <summary>Watches, once the connection has ended, that the application takes what is left.</summary>
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

    /// <summary>Cancels the token, unless it is canceled already: everything that was received has been taken or dropped.</summary>
    /// <remarks>
    /// Canceled a tick of the wheel later, so that a call that also ends with the connection, such as a
    /// <see cref="WebSocketConnection.CloseAsync"/> with this token, always completes with its own result and never by the token.
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

    // On another thread: the application's registrations with the token run there.
    private async Task CancelAsync()
    {
        try
        {
            await _ended.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            // A registration of the application threw.
            owner.OnHandlerFailed(exception);
        }
    }
}
