using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>Frames in the order they go out, as bytes ready for the transport, in a few pooled segments.</summary>
/// <remarks>A frame never lies across two segments, so that between any two a control frame may be put (RFC 6455 §5.4).
/// Not thread-safe.</remarks>
internal struct OutgoingFrames(ConnectionSettings settings)
{
    // A batch of replies to one read usually fits; ArrayPool keeps such arrays at hand per thread.
    private const int SegmentLength = 16 * 1024;

    // All that is ever held back (SendState), so that it leaves in one write.
    private const int MaxSegmentLength = 64 * 1024;
    private const int Growth = 4;

    // Where very many connections may have one each at the same time: a broadcast that is gathered.
    private const int SmallSegmentLength = 1024;

    private byte[]? _tail;
    private int _tailLength;

    /// <summary>Whose pool the segments come from, and whose role decides how frames look.</summary>
    public readonly ConnectionSettings Settings => settings;

    /// <summary>What waits, if anything does; the segments before the last are there.</summary>
    public SendBacklog? Backlog { get; private set; }

    /// <summary>Whether there is nothing to send.</summary>
    public readonly bool IsEmpty => _tailLength == 0 && Backlog is not { Full.Count: > 0 };

    /// <summary>How many bytes a frame with that payload takes.</summary>
    public readonly int FrameLength(int payloadLength) => OutgoingFrame.LengthOf(payloadLength, settings.Role);

    /// <summary>Adds a frame at the end.</summary>
    /// <param name="kind">What its first byte says.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="isOneOfMany">Whether many connections are about to be sent something little.</param>
    public void Append(FrameKind kind, ReadOnlySpan<byte> payload, bool isOneOfMany = false)
    {
        int newLength = isOneOfMany ? SmallSegmentLength : SegmentLength;
        Span<byte> destination = Reserve(FrameLength(payload.Length), newLength);
        _tailLength += OutgoingFrame.Write(destination, settings.Role, kind, payload);
    }

    /// <summary>Adds a frame that has waited.</summary>
    public void Append(in FrameToSend frame)
    {
        if (frame.Prepared is null || settings.Role == Role.Client)
        {
            Append(frame.Kind, frame.Payload.Span);
        }
        else
        {
            AppendShared(frame.Prepared.Bytes);
        }
    }

    /// <summary>Adds a frame that many connections have: not copied, unless it is so short that a segment of its own is
    /// more.</summary>
    public void AppendShared(byte[] frame)
    {
        if (frame.Length <= TransportWriter.MaxCopiedLength)
        {
            AppendBytes(frame);
            return;
        }

        if (_tailLength != 0)
        {
            EnqueueTail();
        }

        NeedBacklog().Full.Enqueue(OutgoingSegment.OfShared(frame));
    }

    /// <summary>Adds bytes as they are.</summary>
    public void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length, SmallSegmentLength));
        _tailLength += bytes.Length;
    }

    /// <summary>
    /// Takes all there is, with the header of a server's frame behind it whose payload will be handed to the transport
    /// from where it is.
    /// </summary>
    /// <returns><see langword="false"/> if all that, and the header, are not one segment: nothing has changed then.</returns>
    public bool TryTakeWithHeader(FrameKind kind, int payloadLength, out OutgoingSegment segment)
    {
        bool fits = _tail is null || _tail.Length - _tailLength >= FrameHeader.MaxLength;
        if (!fits || Backlog is { Full.Count: > 0 })
        {
            segment = default;
            return false;
        }

        Span<byte> destination = Reserve(FrameHeader.MaxLength, SmallSegmentLength);
        _tailLength += kind.WriteHeader(destination, maskingKey: null, payloadLength);
        return TryTake(out segment);
    }

    /// <summary>Takes the segment that goes out next; its taker returns the array to the pool.</summary>
    public bool TryTake(out OutgoingSegment segment)
    {
        if (Backlog is not null && Backlog.Full.TryDequeue(out segment))
        {
            return true;
        }

        if (_tailLength == 0)
        {
            segment = default;
            return false;
        }

        segment = new OutgoingSegment(_tail!, 0, _tailLength);
        _tail = null;
        _tailLength = 0;
        return true;
    }

    /// <summary>The backlog, made if there is none.</summary>
    public SendBacklog NeedBacklog() => Backlog ??= SendBacklog.Take();

    /// <summary>Lets go of the backlog if nothing waits in it.</summary>
    public void ReleaseBacklog()
    {
        if (Backlog is { IsEmpty: true })
        {
            SendBacklog.Return(Backlog);
            Backlog = null;
        }
    }

    private Span<byte> Reserve(int length, int newLength)
    {
        if (_tail is not null && _tail.Length - _tailLength < length)
        {
            EndTail(length);
        }

        _tail ??= settings.Pool.Rent(Math.Max(length, newLength));
        return _tail.AsSpan(_tailLength);
    }

    // A segment grows, by a few steps; a long one is done, and another is begun.
    private void EndTail(int length)
    {
        byte[] tail = _tail!;
        int needed = _tailLength + length;
        if (needed <= MaxSegmentLength)
        {
            _tail = settings.Pool.Rent(Math.Clamp(Growth * tail.Length, needed, MaxSegmentLength));
            tail.AsSpan(0, _tailLength).CopyTo(_tail);
            settings.Pool.Return(tail);
            return;
        }

        EnqueueTail();
    }

    private void EnqueueTail()
    {
        NeedBacklog().Full.Enqueue(new OutgoingSegment(_tail!, 0, _tailLength));
        _tail = null;
        _tailLength = 0;
    }
}
