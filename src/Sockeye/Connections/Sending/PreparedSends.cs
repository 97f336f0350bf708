using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>Sends frames that many connections have, on one of them: a server's without a copy, unless they are short.</summary>
internal readonly struct PreparedSends(ConnectionCore core)
{
    // As for other payloads (SendBuffer): above this a frame is not held back to leave with others.
    private const int DirectWriteLength = 16 * 1024;

    /// <summary>Sends a whole message, or refuses it; never waits.</summary>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WebSocketSendResult TrySend(PreparedFrame frame)
    {
        SendQueue queue = core.Sends;
        OutgoingSegment segment;
        WriteDuty duty;
        using (queue.Hold())
        {
            ref SendBuffer buffer = ref queue.Buffer;
            if (buffer.State.Stage != SendStage.Open)
            {
                throw core.CreateClosedException();
            }

            if (!buffer.Budget.HasRoom)
            {
                return WebSocketSendResult.Refused;
            }

            if (!buffer.IsTurnOf(frame.Kind.Opcode, writer: null))
            {
                AddWaiting(ref buffer, frame);
                return WebSocketSendResult.Queued;
            }

            duty = Accept(ref buffer, frame, core.Transport, out segment);
        }

        queue.Writer.Fulfil(duty, segment, frame.Kind, frame.Payload.Span);
        return queue.IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
    }

    /// <summary>Adds a frame to a send buffer, as <see cref="SendBuffer.Accept"/> does.</summary>
    public static WriteDuty Accept(
        ref SendBuffer buffer, PreparedFrame frame, Transport transport, out OutgoingSegment segment)
    {
        if (buffer.Settings.Role == Role.Client)
        {
            return buffer.Accept(frame.Kind, frame.Payload.Span, transport, out segment);
        }

        segment = default;
        int length = frame.Bytes.Length;
        buffer.Budget.Add(length);
        if (buffer.State.IsWriting)
        {
            buffer.Frames.AppendShared(frame.Bytes);
            return WriteDuty.None;
        }

        // What is held back up to the limit would have the next send refused.
        if (length < DirectWriteLength && buffer.Budget.HasRoom
            && buffer.State.HoldsBack(transport, buffer.Budget.Buffered))
        {
            // A copy, so that all of them are one segment and leave in one write.
            buffer.Frames.AppendBytes(frame.Bytes);
            return WriteDuty.None;
        }

        // From now on frames of other threads come behind this one.
        buffer.State.IsWriting = true;
        segment = OutgoingSegment.OfShared(frame.Bytes);
        if (!buffer.IsEmpty)
        {
            buffer.Frames.AppendShared(frame.Bytes);
            buffer.TryTakeNext(out segment);
        }

        return WriteDuty.WriteSegment;
    }

    // It waits for its turn, and its sender goes on.
    private static void AddWaiting(ref SendBuffer buffer, PreparedFrame frame)
    {
        int length = OutgoingFrame.LengthOf(frame.Payload.Length, buffer.Settings.Role);
        buffer.AddWaiting(new PendingSend(FrameToSend.Of(frame)) { Buffered = length });
        buffer.Budget.Add(length);
    }
}
