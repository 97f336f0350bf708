namespace Sockeye.Connections.Sending;

/// <summary>The wait of a sender for room or for its turn, which it may give up.</summary>
internal readonly struct SendWait(SendQueue queue, PendingSend send)
{
    /// <summary>Waits until the frame has been accepted, or it is the sender's turn.</summary>
    /// <param name="cancellationToken">Gives the wait up: then nothing is sent.</param>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            // Outside the lock: a token that was cancelled just now calls in place.
            SendWait wait = this;
            CancellationTokenRegistration registration =
                cancellationToken.UnsafeRegister((_, token) => wait.Cancel(token), null);
            using (queue.Hold())
            {
                send.Take(registration);
            }
        }

        return send.Completion!.Task;
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        using (queue.Hold())
        {
            // It may be on its way already; then it is finished (half a message can't be taken back, §5.4).
            if (!queue.Buffer.TryRemoveWaiting(send))
            {
                return;
            }

            send.Release(queue.Buffer.Settings.Pool);
        }

        send.Completion?.TrySetCanceled(cancellationToken);
    }
}
