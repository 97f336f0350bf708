using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>Inflates messages, one after the other, with the window of those before or without (RFC 7692 §7.2.2).</summary>
/// <remarks>Not thread-safe. Never throws for what a peer sends, and every call ends: each round makes progress.</remarks>
internal sealed class Inflater : IMessageInflater, IDisposable
{
    // One message may be made of several streams of DEFLATE data, each ended by BFINAL (§7.2.3.4). Nobody has use for
    // many; each costs a start, and a peer gets a start for two bytes.
    private const int MaxStreamCount = 1_024;

    private const int StateLength = 15 * 1024;

    private readonly InflateHandle _stream;

    // How many streams have ended inside the message.
    private int _endedStreamCount;

    // The destination was full: there may be more for it, though the source is used up.
    private bool _hasMore;

    // Nothing has been read since the message, or since a stream inside it, began.
    private bool _isAtStart = true;

    /// <summary>Makes an inflater.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window that was agreed on, 8 to 15.</param>
    public Inflater(int windowBits)
    {
        WindowBits = windowBits;
        _stream = new InflateHandle(windowBits);
    }

    /// <summary>The base-2 logarithm of the window.</summary>
    public int WindowBits { get; }

    /// <summary>About how many bytes zlib holds for it: the window, and its state.</summary>
    public int MemoryLength => (1 << WindowBits) + StateLength;

    // §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end". The fifth byte is never consumed if all is well.
    private static ReadOnlySpan<byte> TailAndSentinel => [0x00, 0x00, 0xFF, 0xFF, 0x00];

    /// <inheritdoc/>
    public OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        while (consumed < source.Length || _hasMore)
        {
            if (written == destination.Length)
            {
                return OperationStatus.DestinationTooSmall;
            }

            ZLibStatus status = _stream.Run(
                source[consumed..], destination[written..], ZLibFlush.Sync, out int read, out int made);
            consumed += read;
            written += made;
            _isAtStart &= read == 0;
            _hasMore = written == destination.Length;
            if (status == ZLibStatus.StreamEnd)
            {
                if (!TryBeginStream())
                {
                    return OperationStatus.InvalidData;
                }
            }
            else if (status is not (ZLibStatus.Ok or ZLibStatus.BufferError)
                || (read == 0 && made == 0 && consumed < source.Length))
            {
                return OperationStatus.InvalidData;
            }
        }

        return !endsMessage ? OperationStatus.NeedMoreData
            : TryEndMessage() ? OperationStatus.Done
            : OperationStatus.InvalidData;
    }

    /// <summary>Forgets the messages until now, as after one of a sender without context takeover (§7.1.1).</summary>
    /// <returns>Whether it is as good as new.</returns>
    public bool TryReset()
    {
        BeginMessage();
        return _stream.Reset() == ZLibStatus.Ok;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    // §7.2.3.4: behind a block with BFINAL another stream begins, at the next byte. It starts with an empty window: so do
    // those of all senders known, which end one stream and begin another with their codec's reset.
    private bool TryBeginStream()
    {
        _endedStreamCount++;
        _hasMore = false;
        _isAtStart = true;
        return _endedStreamCount <= MaxStreamCount && _stream.Reset() == ZLibStatus.Ok;
    }

    private bool TryEndMessage()
    {
        // A message without any bytes, or one whose last stream has ended and is followed by nothing, is whole already;
        // the tail would be the beginning of a stream.
        bool isWhole = _isAtStart || TryReadTail();
        BeginMessage();
        return isWhole;
    }

    // §7.2.1: what a sender cuts off is the tail of an empty stored block. So the tail makes no output, and a block ends
    // right behind it. Of anything else the end is missing: zlib would take the tail for data, or go on waiting.
    private bool TryReadTail()
    {
        Span<byte> output = stackalloc byte[1];
        ZLibStatus status = _stream.Run(TailAndSentinel, output, ZLibFlush.Block, out int consumed, out int written);
        bool isWhole = consumed == TailAndSentinel.Length - 1 && written == 0;

        // The block may have BFINAL set, as any other.
        return isWhole && (status == ZLibStatus.Ok || (status == ZLibStatus.StreamEnd && TryBeginStream()));
    }

    private void BeginMessage()
    {
        _endedStreamCount = 0;
        _hasMore = false;
        _isAtStart = true;
    }
}
