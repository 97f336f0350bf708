using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>Inflates consecutive messages, with or without the window of the messages before (RFC 7692 §7.2.2).</summary>
/// <remarks>
/// Not thread-safe. Never throws because of a peer's bytes, and every call terminates: each iteration makes progress.
/// </remarks>
internal sealed class Inflater : IMessageInflater, IDisposable
{
    // A message may consist of several DEFLATE streams, each ended by BFINAL (RFC 7692 §7.2.3.4). No sender needs many; each
    // costs a reset, and a peer can request one with two bytes.
    private const int MaxStreamCount = 1_024;

    private const int StateLength = 15 * 1024;

    private readonly InflateHandle _stream;

    // The number of streams that have ended inside the message.
    private int _endedStreamCount;

    // The destination was full, so that there may be more output although the source is consumed.
    private bool _hasMore;

    // No byte of the message, or of the current stream inside it, has been read.
    private bool _isAtStart = true;

    /// <summary>Creates an inflater.</summary>
    /// <param name="windowBits">The base-2 logarithm of the negotiated window, 8 to 15.</param>
    public Inflater(int windowBits)
    {
        WindowBits = windowBits;
        _stream = new InflateHandle(windowBits);
    }

    /// <summary>The base-2 logarithm of the window.</summary>
    public int WindowBits { get; }

    /// <summary>About how many bytes zlib allocates for it: the window and its state.</summary>
    public int MemoryLength => (1 << WindowBits) + StateLength;

    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end". A valid message never consumes the fifth byte.
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

    /// <summary>Discards the window, as after a message without context takeover (RFC 7692 §7.1.1).</summary>
    /// <returns>Whether the inflater is back in its initial state.</returns>
    public bool TryReset()
    {
        BeginMessage();
        return _stream.Reset() == ZLibStatus.Ok;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    // RFC 7692 §7.2.3.4: another stream begins at the byte after a block with BFINAL. It starts with an empty window, because all
    // known senders reset their codec between two streams.
    private bool TryBeginStream()
    {
        _endedStreamCount++;
        _hasMore = false;
        _isAtStart = true;
        return _endedStreamCount <= MaxStreamCount && _stream.Reset() == ZLibStatus.Ok;
    }

    private bool TryEndMessage()
    {
        // A message that is empty, or whose last stream has ended, is complete already; the tail would begin another stream.
        bool isWhole = _isAtStart || TryReadTail();
        BeginMessage();
        return isWhole;
    }

    // RFC 7692 §7.2.1: the sender removed the tail of an empty stored block. The tail therefore produces no output, and a block
    // ends right after it. If the message is truncated, zlib would treat the tail as data or wait for more.
    private bool TryReadTail()
    {
        Span<byte> output = stackalloc byte[1];
        ZLibStatus status = _stream.Run(TailAndSentinel, output, ZLibFlush.Block, out int consumed, out int written);
        bool isWhole = consumed == TailAndSentinel.Length - 1 && written == 0;

        // Like any other block, this one may have BFINAL set.
        return isWhole && (status == ZLibStatus.Ok || (status == ZLibStatus.StreamEnd && TryBeginStream()));
    }

    private void BeginMessage()
    {
        _endedStreamCount = 0;
        _hasMore = false;
        _isAtStart = true;
    }
}
