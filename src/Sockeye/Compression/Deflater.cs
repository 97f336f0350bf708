namespace Sockeye.Compression;

/// <summary>Deflates messages, one after the other, with the window of those before or without (RFC 7692 §7.2.1).</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Deflater : IDisposable
{
    /// <summary>The least room that a call needs, in bytes: for what is held back, and for zlib to end a block.</summary>
    public const int MinDestinationLength = 32;

    // §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end".
    private const int TailLength = 4;

    // Measured (docs/design/0004).
    private const int TablesLength = 144 * 1024;
    private const int LengthsPerWindow = 4;
    private const int SymbolsShift = 8;

    // Of a message that is too long for its destination, the last bytes are kept: they may be the beginning of the tail.
    private readonly byte[] _held = new byte[TailLength];
    private readonly DeflateHandle _stream;
    private int _heldLength;

    // How the last call ended: after a full flush nothing is remembered, as in the beginning; 0 inside a message.
    private ZLibFlush _state = ZLibFlush.Full;

    /// <summary>Makes a deflater.</summary>
    public Deflater(DeflateSettings settings)
    {
        Settings = settings;
        _stream = new DeflateHandle(settings);
    }

    /// <summary>What it was made with.</summary>
    public DeflateSettings Settings { get; }

    /// <summary>About how many bytes zlib holds for it: its tables, the window and what lies beside it, the symbols.</summary>
    public int MemoryLength =>
        TablesLength + (LengthsPerWindow << Settings.WindowBits) + (1 << (Settings.MemoryLevel + SymbolsShift));

    /// <summary>Deflates on, as far as the destination reaches.</summary>
    /// <param name="source">The next bytes of the message, without what an earlier call has consumed.</param>
    /// <param name="part">Whether the message ends with them, and what is remembered of it.</param>
    /// <param name="destination">Where to: at least <see cref="MinDestinationLength"/> bytes.</param>
    /// <param name="consumed">How many bytes of the source were taken in. Do not give them again.</param>
    /// <param name="written">How many bytes of the destination were written.</param>
    /// <returns>
    /// Whether that is all; if not, call again with the rest of the source, the same part and more room.
    /// </returns>
    public bool Deflate(
        ReadOnlySpan<byte> source, MessagePart part, Span<byte> destination, out int consumed, out int written)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, MinDestinationLength);
        ZLibFlush flush = part == MessagePart.EndToForget ? ZLibFlush.Full : ZLibFlush.Sync;
        if (source.IsEmpty && _state >= flush)
        {
            // All is out, and zlib would have nothing to say. §7.2.3.6: an empty message is the head of an empty block.
            consumed = 0;
            written = part == MessagePart.Fragment ? 0 : 1;
            destination[0] = 0;
            return true;
        }

        _held.AsSpan(0, _heldLength).CopyTo(destination);
        ZLibStatus status = _stream.Run(source, destination[_heldLength..], flush, out consumed, out int made);
        written = _heldLength + made;
        if (status is not (ZLibStatus.Ok or ZLibStatus.BufferError))
        {
            throw new InvalidOperationException($"zlib has failed to deflate ({status}).");
        }

        bool isDone = consumed == source.Length && written < destination.Length;
        _state = isDone ? flush : 0;
        _heldLength = 0;
        if (part != MessagePart.Fragment)
        {
            written -= TailLength;
            if (!isDone)
            {
                _heldLength = TailLength;
                destination.Slice(written, TailLength).CopyTo(_held);
            }
        }

        return isDone;
    }

    /// <summary>Forgets the messages until now, and what has not been fetched of one.</summary>
    public void Reset()
    {
        Span<byte> discarded = stackalloc byte[1_024];
        _heldLength = 0;
        while (_state != ZLibFlush.Full)
        {
            _stream.Run([], discarded, ZLibFlush.Full, out _, out int made);
            _state = made < discarded.Length ? ZLibFlush.Full : 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
