using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>The token of a method that serves a connection: cancelled when the connection has ended.</summary>
/// <remarks>
/// Not before all that was received has been taken, so that passing the token on loses no message. A method that has
/// stopped receiving would wait for ever then: so the token is cancelled too when nothing was taken for a while.
/// </remarks>
internal sealed class ServedConnection(WebSocketConnection connection) : Deadline
{
    // Longer than one message is worked at, as a rule.
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private int _waitingCount;
    private int _isCancelled;

    /// <summary>The token.</summary>
    public CancellationToken Token => _ended.Token;

    private PullReceiver Pull => connection.Core.Pull!;

    private DeadlineWheel Wheel => connection.Core.Settings.Wheel;

    /// <summary>The connection has ended: watches that what is left is taken.</summary>
    public void Watch()
    {
        _waitingCount = Pull.WaitingCount;
        if (_waitingCount > 0)
        {
            Wheel.Schedule(this, MaxIdleTime);
        }
    }

    /// <summary>Cancels the token, if that has not been done.</summary>
    public void Cancel()
    {
        if (Interlocked.Exchange(ref _isCancelled, 1) == 0)
        {
            Wheel.Cancel(this);
            _ = CancelAsync();
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        int waiting = Pull.WaitingCount;
        if (waiting == _waitingCount)
        {
            Cancel();
        }
        else if (Volatile.Read(ref _isCancelled) == 0)
        {
            _waitingCount = waiting;
            wheel.Schedule(this, MaxIdleTime);
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => connection.Core.OnFaulted(exception);

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
            connection.Core.OnHandlerFailed(exception);
        }
    }
}
