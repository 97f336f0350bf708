using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>A frame that waits: for room in the send buffer, or for the end of another message.</summary>
/// <remarks>Under the lock of the <see cref="SendQueue"/>.</remarks>
internal sealed class PendingSend(FrameToSend frame)
{
    private CancellationTokenRegistration _cancellation;
    private bool _isReleased;

    /// <summary>What is to be sent.</summary>
    public FrameToSend Frame { get; } = frame;

    /// <summary>
    /// How many bytes of it count as buffered already, its sender having gone on; 0 if <see cref="Completion"/> waits.
    /// </summary>
    public long Buffered { get; init; }

    /// <summary>Its place among those that wait, so that it can be taken out without a search.</summary>
    public LinkedListNode<PendingSend>? Place { get; set; }

    /// <summary>Whether it is the turn that is waited for, and not the frame that waits.</summary>
    public bool IsTurn { get; private init; }

    /// <summary>Tells the sender; <see langword="null"/> if nobody waits.</summary>
    public TaskCompletionSource? Completion { get; init; }

    /// <summary>A frame whose sender waits.</summary>
    public static PendingSend OfFrame(in FrameToSend frame) => new(frame)
    {
        // Not run in place: what follows a send must not run under the queue's lock, or on the writer's thread.
        Completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
    };

    /// <summary>A sender that waits for its turn, to make its frame then.</summary>
    public static PendingSend OfTurn(in FrameToSend frame) => new(frame)
    {
        IsTurn = true,
        Completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
    };

    /// <summary>A copy of a message whose sender goes on.</summary>
    public static PendingSend OfCopy(
        FrameKind kind, ReadOnlySpan<byte> payload, ArrayPool<byte> pool, int frameLength)
    {
        byte[] copy = pool.Rent(payload.Length);
        payload.CopyTo(copy);
        return new PendingSend(
            new FrameToSend { Kind = kind, Payload = copy.AsMemory(0, payload.Length), Rented = copy })
        {
            Buffered = frameLength,
        };
    }

    /// <summary>A Close frame, for which nobody waits here.</summary>
    public static PendingSend OfClose(ReadOnlySpan<byte> payload) =>
        new(new FrameToSend { Kind = Opcode.Close, Payload = payload.ToArray() });

    /// <summary>Takes the registration of the sender's token, to undo it when the wait is over: which it may be.</summary>
    public void Take(CancellationTokenRegistration cancellation)
    {
        _cancellation = cancellation;
        if (_isReleased)
        {
            cancellation.Unregister();
        }
    }

    /// <summary>Lets go of what it holds: it waits no more.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        _isReleased = true;

        // Not Dispose: that waits for a cancellation that is running, and the running one waits for the queue's lock.
        _cancellation.Unregister();
        Frame.Release(pool);
    }
}
