namespace Sockeye.Client.Reconnecting;

/// <summary>A message without a connection: kept for the next, or that of a send that waits.</summary>
/// <param name="number">Its place: messages are sent in the order of their numbers.</param>
/// <param name="payload">The payload, which is the caller's until the message is kept.</param>
/// <param name="kind">Text or binary.</param>
/// <param name="cancellationToken">Takes the message back while its send waits.</param>
internal sealed class OutboxMessage(
    long number, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken)
{
    // What a message costs besides its payload, so that empty messages count too.
    private const int Overhead = 64;

    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Orders messages by their numbers.</summary>
    public static IComparer<OutboxMessage> ByNumber { get; } =
        Comparer<OutboxMessage>.Create(static (left, right) => left.Number.CompareTo(right.Number));

    /// <summary>Its place among the messages.</summary>
    public long Number { get; } = number;

    /// <summary>The payload.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; } = payload;

    /// <summary>Text or binary.</summary>
    public WebSocketMessageKind Kind { get; } = kind;

    /// <summary>Takes the message back while its send waits.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>Whether it is a copy, whose send has returned.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Completes when its send may return.</summary>
    public Task Sent => _sent.Task;

    /// <summary>What it counts against the limit of the queue, in bytes.</summary>
    public long Length => Payload.Length + Overhead;

    /// <summary>Copies the payload, and lets the send return.</summary>
    public void Keep()
    {
        Payload = Payload.ToArray();
        IsKept = true;
        Complete();
    }

    /// <summary>Lets the send return, if it waits.</summary>
    public void Complete() => _sent.TrySetResult();

    /// <summary>Fails the send, if it waits.</summary>
    public void Fail(Exception reason)
    {
        if (reason is OperationCanceledException canceled)
        {
            _sent.TrySetCanceled(canceled.CancellationToken);
        }
        else
        {
            _sent.TrySetException(reason);
        }
    }
}
