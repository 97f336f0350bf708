using System.Runtime.CompilerServices;
using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>
/// Hands what a <see cref="SendQueue"/> holds to the transport, piece after piece. One thread at a time: whoever became
/// the writer, and after a blocked write the transport's. Holds nothing of its own, and no lock while it writes.
/// </summary>
internal readonly struct TransportWriter(SendQueue queue, Transport transport, ConnectionSettings settings)
{
    /// <summary>A frame up to this length is put together on the stack: a copy is cheaper than a second piece.</summary>
    public const int MaxCopiedLength = 2 * 1024;

    // The transport is given no more than this to write by itself, so that a peer which is slow, and not dead, is seen to
    // take something: also while it takes a message that lasts for minutes.
    private const int MaxBlockedLength = 16 * 1024;

    /// <summary>Does what the sender of a frame has to do once it was accepted.</summary>
    public void Fulfil(
        WriteDuty duty, in OutgoingSegment segment, FrameKind kind, ReadOnlySpan<byte> payload)
    {
        switch (duty)
        {
            case WriteDuty.WriteSegment:
                Write(segment);
                break;

            case WriteDuty.WriteSegmentAndPayload:
                WritePieces(segment.Span, payload);
                segment.Release(settings.Pool);
                break;

            case WriteDuty.WriteFrame:
                WriteFrame(kind, payload);
                break;
        }
    }

    /// <summary>Writes a segment, and then what the queue has, until nothing is left or the transport is blocked.</summary>
    /// <param name="segment">The segment, which may have been written to its end.</param>
    /// <param name="written">How many bytes before it were taken by the transport, and are not accounted for yet.</param>
    public void Write(OutgoingSegment segment, int written = 0)
    {
        bool goesOn = true;
        while (goesOn)
        {
            int taken = segment.Length == 0 ? 0 : transport.TryWrite(segment.Span);
            written += taken;
            segment = segment.Skip(taken);
            goesOn = segment.Length == 0
                ? TryTakeNext(ref segment, ref written)
                : TryWriteBlocked(ref segment, ref written);
        }
    }

    /// <summary>Writes two pieces of memory, copied only if the transport does not take them, and then the rest.</summary>
    public void WritePieces(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int written = second.IsEmpty ? transport.TryWrite(first) : transport.TryWrite(first, second);
        if (written == first.Length + second.Length)
        {
            if (queue.TryTakeNext(written, out OutgoingSegment next))
            {
                Write(next);
            }

            return;
        }

        OutgoingSegment rest = CopyRest(first, second, written);
        if (TryWriteBlocked(ref rest, ref written))
        {
            Write(rest, written);
        }
    }

    /// <summary>Goes on when the transport has written by itself what it was given last.</summary>
    /// <param name="rest">What was blocked.</param>
    public void Resume(OutgoingSegment rest)
    {
        int written = Math.Min(rest.Length, MaxBlockedLength);
        Write(rest.Skip(written), written);
    }

    // Writes a frame from where its payload lies.
    [SkipLocalsInit]
    private void WriteFrame(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        Span<byte> buffer = stackalloc byte[MaxCopiedLength];
        if (OutgoingFrame.LengthOf(payload.Length, settings.Role) <= MaxCopiedLength)
        {
            int length = OutgoingFrame.Write(buffer, settings.Role, kind, payload);
            WritePieces(buffer[..length], []);
        }
        else
        {
            int length = kind.WriteHeader(buffer, maskingKey: null, payload.Length);
            WritePieces(buffer[..length], payload);
        }
    }

    // Gives the segment's array back, and takes the one that goes next.
    private bool TryTakeNext(ref OutgoingSegment segment, ref int written)
    {
        segment.Release(settings.Pool);
        int newly = written;
        written = 0;
        return queue.TryTakeNext(newly, out segment);
    }

    // Has the transport write some by itself; answers whether it has done so already.
    private bool TryWriteBlocked(ref OutgoingSegment segment, ref int written)
    {
        if (!queue.TryBeginBlocked(segment, written))
        {
            segment.Release(settings.Pool);
            return false;
        }

        // From here on, unless the answer is true, the queue may be resumed on another thread already.
        written = Math.Min(segment.Length, MaxBlockedLength);
        if (!transport.Write(segment.Memory[..written]) || !queue.TryEndBlocked(out _))
        {
            return false;
        }

        segment = segment.Skip(written);
        return true;
    }

    private OutgoingSegment CopyRest(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int written)
    {
        ReadOnlySpan<byte> restOfFirst = first[Math.Min(written, first.Length)..];
        ReadOnlySpan<byte> restOfSecond = second[Math.Max(written - first.Length, 0)..];
        int length = restOfFirst.Length + restOfSecond.Length;
        byte[] copy = settings.Pool.Rent(length);
        restOfFirst.CopyTo(copy);
        restOfSecond.CopyTo(copy.AsSpan(restOfFirst.Length));
        return new OutgoingSegment(copy, 0, length);
    }
}
