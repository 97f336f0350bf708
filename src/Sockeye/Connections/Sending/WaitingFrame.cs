using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>
/// A frame that waits, for room in the send buffer or for its turn; and its sender, if the sender waits too.
/// </summary>
internal sealed class WaitingFrame
{
    // Both guarded by the lock of this object, which is internal: no other code locks it.
    private CancellationTokenRegistration _cancellation;
    private bool _isReleased;

    private WaitingFrame(in OutgoingFrame frame) => Frame = frame;

    /// <summary>What is to be sent.</summary>
    public OutgoingFrame Frame { get; private set; }

    /// <summary>
    /// What a frame that waits costs besides its bytes, in bytes: this object, the header of the array, and its place under its key.
    /// It counts against the limit of the send buffer, so that empty messages fill it too.
    /// </summary>
    public const int EntryLength = 192;

    /// <summary>
    /// How many bytes of it count as buffered already, because its sender does not wait; 0 if the sender waits.
    /// </summary>
    public int Buffered { get; private set; }

    /// <summary>
    /// Whether it stays a frame until the transport is ready for it, since a policy for slow consumers may drop or replace it.
    /// </summary>
    public bool IsReplaceable { get; private init; }

    /// <summary>
    /// The key by which a later message replaces it; <see langword="null"/> if it is dropped instead, or neither.
    /// </summary>
    public string? Key { get; private init; }

    /// <summary>Completes when the wait is over; <see langword="null"/> if the sender does not wait.</summary>
    public TaskCompletionSource? Completion { get; private init; }

    /// <summary>Whether it is among the waiting frames of a <see cref="SendBacklog"/>, which sets this.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>The waiting frame before it. Set by <see cref="SendBacklog"/>.</summary>
    public WaitingFrame? Previous { get; set; }

    /// <summary>The waiting frame after it. Set by <see cref="SendBacklog"/>.</summary>
    public WaitingFrame? Next { get; set; }

    /// <summary>Makes one whose sender waits.</summary>
    public static WaitingFrame OfSender(in OutgoingFrame frame) => new(frame)
    {
        // Not run in place: what follows a send must not run under the queue's lock, or on the writer's thread.
        Completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
    };

    /// <summary>Makes one whose sender does not wait: a copy, unless the frame is shared.</summary>
    public static WaitingFrame OfCopy(
        in OutgoingFrame frame, ReadOnlySpan<byte> payload, ConnectionSettings settings, bool isReplaceable = false,
        string? key = null)
    {
        var waiting = new WaitingFrame(frame) { IsReplaceable = isReplaceable, Key = key };
        waiting.Set(frame, payload, settings);
        return waiting;
    }

    /// <summary>Makes one of a Close frame, which no sender waits for and which counts once it is accepted.</summary>
    public static WaitingFrame OfClose(ReadOnlySpan<byte> payload) => new(new OutgoingFrame(Opcode.Close, payload.ToArray()));

    /// <summary>Waits until the frame has been accepted, or it is the sender's turn.</summary>
    /// <param name="queue">Where the frame waits.</param>
    /// <param name="cancellationToken">Ends the wait: nothing is sent then.</param>
    public Task WaitAsync(SendQueue queue, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            // Outside the queue's lock: a token that was just cancelled calls back in place.
            Take(cancellationToken.UnsafeRegister((_, token) => Cancel(queue, token), null));
        }

        return Completion!.Task;
    }

    /// <summary>Stores the registration of the sender's token, and undoes it when the wait is over or was over already.</summary>
    public void Take(CancellationTokenRegistration cancellation)
    {
        lock (this)
        {
            _cancellation = cancellation;
            if (_isReleased)
            {
                cancellation.Unregister();
            }
        }
    }

    /// <summary>Replaces what is to be sent. Under the queue's lock, while it waits.</summary>
    public void Replace(in OutgoingFrame frame, ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        OutgoingFrame replaced = Frame;
        Set(frame, payload, settings);
        replaced.Release(settings.Pool);
    }

    /// <summary>Ends the wait: the frame was accepted, or it is the sender's turn.</summary>
    public void Complete(ArrayPool<byte> pool)
    {
        Release(pool);
        Completion?.TrySetResult();
    }

    /// <summary>Ends the wait: the frame can no longer be sent.</summary>
    public void Fail(ISendQueueOwner owner, ArrayPool<byte> pool)
    {
        Release(pool);
        Completion?.TrySetException(owner.CreateClosedException());
    }

    /// <summary>Releases the payload and the sender's token: the wait is over.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        lock (this)
        {
            _isReleased = true;

            // Not Dispose: that waits for a cancellation that is running, and the running one waits for the queue's lock.
            _cancellation.Unregister();
        }

        Frame.Release(pool);
    }

    private void Set(in OutgoingFrame frame, ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        // Before the copy, which would not be returned if this failed.
        int length = frame.LengthWith(payload.Length, settings.FrameForm);
        Frame = frame.Shared is null ? frame.Copy(payload, settings.Pool) : frame;
        Buffered = length;
    }

    private void Cancel(SendQueue queue, CancellationToken cancellationToken)
    {
        if (queue.TryRemove(this))
        {
            Completion?.TrySetCanceled(cancellationToken);
        }
    }
}
