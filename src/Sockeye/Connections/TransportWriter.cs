using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// Hands what a <see cref="SendQueue"/> holds to the transport, piece after piece. One thread at a time: whoever became
/// the writer, and after a blocked write the transport's.
/// </summary>
internal sealed class TransportWriter(Transport transport, SendQueue queue, ArrayPool<byte> pool)
{
    // The transport is given no more than this to write by itself, so that a peer which is slow, and not dead, is seen to
    // take something: also while it takes a message that lasts for minutes.
    private const int MaxBlockedLength = 64 * 1024;

    // Whose beginning the transport is writing by itself. Its memory is the transport's until it tells.
    private byte[]? _inFlight;
    private OutgoingSegment _rest;
    private volatile bool _isBlocked;

    /// <summary>Whether the transport has not taken all that it was given.</summary>
    public bool IsBlocked => _isBlocked;

    /// <summary>Writes until nothing is left, or the transport is blocked.</summary>
    public void Run() => Run(written: 0);

    /// <summary>Writes a segment that ends in a frame's header together with that frame's payload; then the rest.</summary>
    /// <param name="header">The segment, or nothing.</param>
    /// <param name="payload">The payload, from where it lies; copied only if the transport does not take it.</param>
    public void Run(OutgoingSegment header, ReadOnlySpan<byte> payload)
    {
        if (header.Length == 0)
        {
            Run();
            return;
        }

        int taken = transport.TryWrite(header.Span, payload);
        int left = header.Length + payload.Length - taken;
        if (left == 0)
        {
            pool.Return(header.Array);
            Run(taken);
            return;
        }

        int headerLeft = Math.Max(header.Length - taken, 0);
        byte[] copy = pool.Rent(left);
        header.Span[(header.Length - headerLeft)..].CopyTo(copy);
        payload[(payload.Length - (left - headerLeft))..].CopyTo(copy.AsSpan(headerLeft));
        pool.Return(header.Array);
        queue.NotePartlyWritten(taken);
        var rest = new OutgoingSegment(copy, 0, left);
        if (TryWriteBlocked(ref rest, out int written) && TryWriteAll(rest, ref written))
        {
            Run(written);
        }
    }

    /// <summary>The transport has written by itself what it was given last.</summary>
    public void Resume()
    {
        OutgoingSegment rest = _rest;
        if (!TryReleaseInFlight(out _))
        {
            return;
        }

        int written = Math.Min(rest.Length, MaxBlockedLength);
        if (TryWriteAll(rest.Skip(written), ref written))
        {
            Run(written);
        }
    }

    /// <summary>The transport is gone, and uses no memory any more.</summary>
    public void Terminate()
    {
        if (TryReleaseInFlight(out byte[]? array))
        {
            pool.Return(array);
        }
    }

    private void Run(long written)
    {
        while (queue.TryTakeNext(written, out OutgoingSegment segment))
        {
            int last = 0;
            if (!TryWriteAll(segment, ref last))
            {
                return;
            }

            written = last;
        }
    }

    // Writes a segment to its end and returns its array, unless the transport is blocked.
    // written: what of it, or before it, was written and not accounted for; in the end, what is not accounted for yet.
    private bool TryWriteAll(OutgoingSegment segment, ref int written)
    {
        while (true)
        {
            int taken = segment.Length == 0 ? 0 : transport.TryWrite(segment.Span);
            written += taken;
            segment = segment.Skip(taken);
            if (segment.Length == 0)
            {
                pool.Return(segment.Array);
                return true;
            }

            queue.NotePartlyWritten(written);
            if (!TryWriteBlocked(ref segment, out written))
            {
                return false;
            }
        }
    }

    // Has the transport write some by itself; answers whether it has done so already.
    private bool TryWriteBlocked(ref OutgoingSegment segment, out int written)
    {
        written = Math.Min(segment.Length, MaxBlockedLength);
        _rest = segment;
        _isBlocked = true;
        Volatile.Write(ref _inFlight, segment.Array);

        // From here on, unless the answer is true, Resume may be running on another thread already.
        if (!transport.Write(segment.Memory[..written]) || !TryReleaseInFlight(out _))
        {
            return false;
        }

        segment = segment.Skip(written);
        return true;
    }

    // The end of a write and the end of the transport may come at the same time: the array has one owner again.
    private bool TryReleaseInFlight([NotNullWhen(true)] out byte[]? array)
    {
        array = Interlocked.Exchange(ref _inFlight, null);
        if (array is null)
        {
            return false;
        }

        _isBlocked = false;
        return true;
    }
}
