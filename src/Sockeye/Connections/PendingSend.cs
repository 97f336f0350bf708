namespace Sockeye.Connections;

/// <summary>A frame that waits: for room in the send buffer, or for the end of another message.</summary>
internal sealed class PendingSend(FrameToSend frame)
{
    /// <summary>What is to be sent.</summary>
    public FrameToSend Frame { get; } = frame;

    /// <summary>
    /// How many bytes of it count as buffered already, its sender having gone on; 0 if <see cref="Completion"/> waits.
    /// </summary>
    public long Buffered { get; init; }

    /// <summary>Tells the sender; <see langword="null"/> if nobody waits.</summary>
    public TaskCompletionSource? Completion { get; init; }

    /// <summary>The registration of the sender's token.</summary>
    public CancellationTokenRegistration Cancellation { get; set; }
}
