namespace Sockeye.Compression;

/// <summary>Deflates consecutive messages, with or without the window of the messages before (RFC 7692 §7.2.1).</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Deflater : IDisposable
{
    /// <summary>
    /// The minimum length of a destination, in bytes: room for the held-back bytes and for zlib to end a block.
    /// </summary>
    public const int MinDestinationLength = 32;

    // §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end".
    private const int TailLength = 4;

    // Measured values (docs/design/0004).
    private const int TablesLength = 144 * 1024;
    private const int LengthsPerWindow = 4;
    private const int SymbolsShift = 8;

    // When the destination is full before the message ends, its last bytes are held back: they may be the beginning of the tail.
    private readonly byte[] _held = new byte[TailLength];
    private readonly DeflateHandle _stream;
    private int _heldLength;

    // The flush that ended the last call. After a full flush the window is empty, as it is initially; 0 inside a message.
    private ZLibFlush _state = ZLibFlush.Full;

    /// <summary>Creates a deflater.</summary>
    public Deflater(DeflateSettings settings)
    {
        Settings = settings;
        _stream = new DeflateHandle(settings);
    }

    /// <summary>The settings it was created with.</summary>
    public DeflateSettings Settings { get; }

    /// <summary>About how many bytes zlib allocates for it: tables, window with its index, and symbols.</summary>
    public int MemoryLength =>
        TablesLength + (LengthsPerWindow << Settings.WindowBits) + (1 << (Settings.MemoryLevel + SymbolsShift));

    /// <summary>Deflates as much as the destination has room for.</summary>
    /// <param name="source">The next bytes of the message, without those that an earlier call consumed.</param>
    /// <param name="part">Whether these bytes end the message, and whether later messages may refer to it.</param>
    /// <param name="destination">The output buffer: at least <see cref="MinDestinationLength"/> bytes.</param>
    /// <param name="consumed">The number of source bytes consumed; do not pass them again.</param>
    /// <param name="written">The number of bytes written to the destination.</param>
    /// <returns>
    /// Whether all output was written. If not, call again with the rest of the source, the same part and more room.
    /// </returns>
    public bool Deflate(
        ReadOnlySpan<byte> source, MessagePart part, Span<byte> destination, out int consumed, out int written)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, MinDestinationLength);
        ZLibFlush flush = part == MessagePart.EndAndReset ? ZLibFlush.Full : ZLibFlush.Sync;
        if (source.IsEmpty && _state >= flush)
        {
            // All output has been written, and zlib would report no progress. RFC 7692 §7.2.3.6: an empty message is the header
            // of an empty block.
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
            throw new InvalidOperationException($"zlib failed to deflate ({status}).");
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

    /// <summary>Discards the window and the pending output.</summary>
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
