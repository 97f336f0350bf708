namespace Sockeye.Client.Reconnecting;

/// <summary>A message that waits for a connection: a copy that is kept, or the payload of a send that has not returned.</summary>
/// <param name="number">Its position: messages are sent in the order of their numbers.</param>
/// <param name="payload">The payload, which belongs to the caller until the message is kept.</param>
/// <param name="kind">Text or binary.</param>
/// <param name="cancellationToken">Cancels the message while its send waits.</param>
internal sealed class OutboxMessage(
    long number, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken)
{
    // The cost of a message besides its payload, so that empty messages count too.
    private const int Overhead = 64;

    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Orders messages by their numbers.</summary>
    public static IComparer<OutboxMessage> ByNumber { get; } =
        Comparer<OutboxMessage>.Create(static (left, right) => left.Number.CompareTo(right.Number));

    /// <summary>The position of the message.</summary>
    public long Number { get; } = number;

    /// <summary>The payload.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; } = payload;

    /// <summary>Text or binary.</summary>
    public WebSocketMessageKind Kind { get; } = kind;

    /// <summary>Cancels the message while its send waits.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>Whether the payload was copied and the send has returned.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Completes when the send may return.</summary>
    public Task Sent => _sent.Task;

    /// <summary>The number of bytes that count against the limit of the queue.</summary>
    public long Length => Payload.Length + Overhead;

    /// <summary>Copies the payload and completes the send.</summary>
    public void Keep()
    {
        Payload = Payload.ToArray();
        IsKept = true;
        Complete();
    }

    /// <summary>Completes the send, if it waits.</summary>
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
