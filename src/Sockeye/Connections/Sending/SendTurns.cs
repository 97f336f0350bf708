using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>
/// The turns of senders that make a frame only once it goes next: what a compressed message looks like depends on those
/// before it (RFC 7692 §7.2.1), and what was made must be sent.
/// </summary>
internal sealed class SendTurns(SendQueue queue, Transport transport, ISendQueueOwner owner)
{
    /// <summary>Has everybody else wait until a sender has sent its frame, if it need not wait itself.</summary>
    /// <param name="frame">What the frame is going to be, without its payload; with a writer.</param>
    /// <returns>Whether it is the sender's turn.</returns>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public bool TryTake(in FrameToSend frame)
    {
        using (queue.Hold())
        {
            if (queue.Buffer.State.Stage != SendStage.Open)
            {
                throw owner.CreateClosedException();
            }

            bool mayGo = queue.Buffer.MayAccept(frame);
            if (mayGo)
            {
                queue.Buffer.Frames.NeedBacklog().Pending.TakeTurn(frame.Writer!);
            }

            return mayGo;
        }
    }

    /// <summary>Waits until there is room, and it is the sender's turn.</summary>
    /// <param name="frame">What the frame is going to be, without its payload; with a writer.</param>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>A task that fails with <see cref="WebSocketClosedException"/> if nothing can be sent any more.</returns>
    public Task TakeAsync(in FrameToSend frame, CancellationToken cancellationToken)
    {
        PendingSend pending;
        using (queue.Hold())
        {
            ref SendBuffer buffer = ref queue.Buffer;
            if (buffer.State.Stage != SendStage.Open)
            {
                return Task.FromException(owner.CreateClosedException());
            }

            // Behind the end of the connection, because of which it was likely cancelled.
            if (cancellationToken.IsCancellationRequested)
            {
                return Task.FromCanceled(cancellationToken);
            }

            if (buffer.MayAccept(frame))
            {
                buffer.Frames.NeedBacklog().Pending.TakeTurn(frame.Writer!);
                return Task.CompletedTask;
            }

            pending = PendingSend.OfTurn(frame);
            buffer.AddWaiting(pending);
        }

        return new SendWait(queue, pending).WaitAsync(cancellationToken);
    }

    /// <summary>Accepts the frame of the sender whose turn it is, whatever is buffered by now.</summary>
    /// <param name="kind">What its first byte says.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="writer">Whose turn it is.</param>
    /// <param name="prepared">The frame, if many connections have it.</param>
    /// <param name="segment">What the caller writes, if a segment is its duty.</param>
    /// <returns>What the caller then does, outside all locks: <see cref="TransportWriter.Fulfil"/>.</returns>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WriteDuty Accept(
        FrameKind kind, ReadOnlySpan<byte> payload, object writer, PreparedFrame? prepared, out OutgoingSegment segment)
    {
        using (queue.Hold())
        {
            ref SendBuffer buffer = ref queue.Buffer;
            if (buffer.State.Stage > SendStage.Closing)
            {
                throw owner.CreateClosedException();
            }

            buffer.NoteTurn(new FrameToSend { Kind = kind, Payload = default, Writer = writer });
            WriteDuty duty = prepared is null
                ? buffer.Accept(kind, payload, transport, out segment)
                : PreparedSends.Accept(ref buffer, prepared, transport, out segment);
            buffer.AdmitPending(owner);
            return duty;
        }
    }

    /// <summary>
    /// Gives up a turn in which nothing was sent. The caller then writes what has waited for its end, outside all locks:
    /// <see cref="SendQueue.Flush"/>.
    /// </summary>
    public void GiveUp()
    {
        using (queue.Hold())
        {
            queue.Buffer.Backlog?.Pending.EndTurn();
            queue.Buffer.AdmitPending(owner);
        }
    }
}
