using System.Buffers;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// Hands what a <see cref="SendQueue"/> holds to the transport, piece after piece. One thread at a time: whoever became
/// the writer, and after a blocked write the transport's.
/// </summary>
internal sealed class TransportWriter(Transport transport, SendQueue queue, ArrayPool<byte> pool)
{
    // What the transport is writing by itself. Its memory is the transport's until it tells.
    private byte[]? _inFlight;
    private int _inFlightLength;
    private volatile bool _isBlocked;

    /// <summary>Whether the transport has not taken all that it was given.</summary>
    public bool IsBlocked => _isBlocked;

    /// <summary>Writes until nothing is left, or the transport is blocked.</summary>
    public void Run(long written = 0)
    {
        while (queue.TryTakeNext(written, out OutgoingSegment segment))
        {
            int taken = transport.TryWrite(segment.Span);
            if (taken < segment.Length)
            {
                queue.NotePartlyWritten(taken);
                if (!TryWriteRest(segment.Skip(taken)))
                {
                    return;
                }

                written = segment.Length - taken;
            }
            else
            {
                pool.Return(segment.Array);
                written = segment.Length;
            }
        }
    }

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
        if (taken == header.Length + payload.Length)
        {
            pool.Return(header.Array);
            Run(taken);
            return;
        }

        queue.NotePartlyWritten(taken);
        int left = header.Length + payload.Length - taken;
        int headerLeft = Math.Max(header.Length - taken, 0);
        byte[] rest = pool.Rent(left);
        header.Span[(header.Length - headerLeft)..].CopyTo(rest);
        payload[(payload.Length - (left - headerLeft))..].CopyTo(rest.AsSpan(headerLeft));
        pool.Return(header.Array);
        if (TryWriteRest(new OutgoingSegment(rest, 0, left)))
        {
            Run(left);
        }
    }

    /// <summary>The transport has written by itself what it was given last.</summary>
    public void Resume()
    {
        int length = _inFlightLength;
        if (TryReleaseInFlight())
        {
            Run(length);
        }
    }

    /// <summary>The transport is gone, and uses no memory any more.</summary>
    public void Terminate() => TryReleaseInFlight();

    private bool TryWriteRest(OutgoingSegment rest)
    {
        _inFlightLength = rest.Length;
        _inFlight = rest.Array;
        _isBlocked = true;

        // From here on, unless the answer is true, Resume may be running on another thread already.
        return transport.Write(rest.Memory) && TryReleaseInFlight();
    }

    // The end of a write and the end of the transport may come at the same time: the array goes back once.
    private bool TryReleaseInFlight()
    {
        byte[]? array = Interlocked.Exchange(ref _inFlight, null);
        if (array is null)
        {
            return false;
        }

        _isBlocked = false;
        pool.Return(array);
        return true;
    }
}
