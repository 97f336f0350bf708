namespace Sockeye.Tests;

/// <summary>
/// The bytes that the endpoint under test has sent and the peer has not read. Safe for one writer and one reader.
/// </summary>
internal sealed class PeerInbox
{
    private readonly Lock _gate = new();
    private Queue<byte[]> _arrived = [];
    private TaskCompletionSource? _waiting;

    /// <summary>Whether the endpoint has ended its output; earlier bytes can still be taken.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The error that broke the transport, if it did not end in order.</summary>
    public Exception? Error { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _arrived.Enqueue(bytes.ToArray());
            Wake();
        }
    }

    public void End(Exception? error)
    {
        lock (_gate)
        {
            IsEnded = true;
            Error ??= error;
            Wake();
        }
    }

    /// <summary>Takes everything that has arrived.</summary>
    public IReadOnlyCollection<byte[]> Take()
    {
        lock (_gate)
        {
            Queue<byte[]> taken = _arrived;
            _arrived = [];
            return taken;
        }
    }

    /// <summary>Completes when bytes are available or the input has ended.</summary>
    public Task WaitAsync()
    {
        lock (_gate)
        {
            if (_arrived.Count != 0 || IsEnded)
            {
                return Task.CompletedTask;
            }

            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }

    private void Wake()
    {
        _waiting?.SetResult();
        _waiting = null;
    }
}
