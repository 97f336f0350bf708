using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections;

/// <summary>Frames in the order they go out, as bytes ready for the transport, in a few pooled segments.</summary>
/// <remarks>A frame never lies across two segments, so that between any two a control frame may be put (RFC 6455 §5.4).
/// Not thread-safe.</remarks>
internal struct OutgoingFrames
{
    // A batch of replies to one read usually fits; ArrayPool keeps such arrays at hand per thread.
    private const int SegmentLength = 16 * 1024;

    private readonly ArrayPool<byte> _pool;
    private readonly bool _masks;
    private byte[]? _tail;
    private int _tailLength;
    private Queue<OutgoingSegment>? _full;

    public OutgoingFrames(Role role, ArrayPool<byte> pool)
    {
        // §5.1: a client masks all its frames, a server none.
        _masks = role == Role.Client;
        _pool = pool;
    }

    /// <summary>Whether there is nothing to send.</summary>
    public readonly bool IsEmpty => _tailLength == 0 && _full is not { Count: > 0 };

    /// <summary>How many bytes a frame with that payload takes.</summary>
    public readonly long FrameLength(int payloadLength) =>
        FrameHeader.LengthOf(payloadLength, _masks) + (long)payloadLength;

    /// <summary>Adds a frame at the end.</summary>
    public void Append(Opcode opcode, bool fin, ReadOnlySpan<byte> payload)
    {
        Span<byte> destination = Reserve(checked((int)FrameLength(payload.Length)));
        _tailLength += WriteFrame(destination, opcode, fin, payload);
    }

    /// <summary>Adds bytes that are no frame.</summary>
    public void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _tailLength += bytes.Length;
    }

    /// <summary>
    /// Takes all there is, with the header of a server's frame behind it whose payload will be handed to the transport
    /// from where it is.
    /// </summary>
    /// <returns><see langword="false"/> if all that, and the header, are not one segment: nothing has changed then.</returns>
    public bool TryTakeWithHeader(Opcode opcode, bool fin, int payloadLength, out OutgoingSegment segment)
    {
        bool fits = _tail is null || _tail.Length - _tailLength >= FrameHeader.MaxLength;
        if (!fits || _full is { Count: > 0 })
        {
            segment = default;
            return false;
        }

        Span<byte> destination = Reserve(FrameHeader.MaxLength);
        _tailLength += FrameHeader.Write(destination, fin, reservedBits: 0, opcode, maskingKey: null, payloadLength);
        return TryTake(out segment);
    }

    /// <summary>A segment of its own for one frame, to be sent before all others.</summary>
    public readonly OutgoingSegment Single(Opcode opcode, bool fin, ReadOnlySpan<byte> payload)
    {
        byte[] array = _pool.Rent(checked((int)FrameLength(payload.Length)));
        return new OutgoingSegment(array, 0, WriteFrame(array, opcode, fin, payload));
    }

    /// <summary>Takes the segment that goes out next; its taker returns the array to the pool.</summary>
    public bool TryTake(out OutgoingSegment segment)
    {
        if (_full is not null && _full.TryDequeue(out segment))
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

    private Span<byte> Reserve(int length)
    {
        if (_tail is not null && _tail.Length - _tailLength < length)
        {
            (_full ??= new Queue<OutgoingSegment>()).Enqueue(new OutgoingSegment(_tail, 0, _tailLength));
            _tail = null;
            _tailLength = 0;
        }

        _tail ??= _pool.Rent(Math.Max(length, SegmentLength));
        return _tail.AsSpan(_tailLength);
    }

    private readonly int WriteFrame(Span<byte> destination, Opcode opcode, bool fin, ReadOnlySpan<byte> payload)
    {
        uint? key = _masks ? MaskingKeySource.Next() : null;
        int headerLength = FrameHeader.Write(destination, fin, reservedBits: 0, opcode, key, payload.Length);
        Span<byte> body = destination.Slice(headerLength, payload.Length);
        if (key.HasValue)
        {
            // The sender's memory is only read: masked on the way into ours.
            Masking.Apply(payload, body, key.GetValueOrDefault());
        }
        else
        {
            payload.CopyTo(body);
        }

        return headerLength + payload.Length;
    }
}
