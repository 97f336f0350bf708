using System.Buffers;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// The sending half of permessage-deflate on one connection. It rents a deflater while it compresses a message. It keeps it
/// between messages only with context takeover (RFC 7692 §7.2.1), and only until the connection has been idle for a while.
/// </summary>
/// <remarks>Not thread-safe: messages are compressed in the order in which they are sent.</remarks>
internal sealed class MessageDeflater
{
    // A short message may grow: room for the minimum of a deflater, and some more.
    private const int MinLength = 2 * Deflater.MinDestinationLength;

    private readonly MemoryAllowance? _memory;
    private Deflater? _deflater;

    /// <summary>Creates the sending half of a connection.</summary>
    /// <param name="codecs">The codecs to rent deflaters from.</param>
    /// <param name="agreed">The negotiated parameters, for which <see cref="CanDeflate"/> is <see langword="true"/>.</param>
    /// <param name="sender">This end's role.</param>
    /// <param name="memory">The allowance that a deflater is charged to; <see langword="null"/> for none.</param>
    public MessageDeflater(
        MessageCodecs codecs, in PerMessageDeflateParameters agreed, Role sender, MemoryAllowance? memory = null)
        : this(codecs.Deflaters(agreed.WindowBitsOf(sender)), agreed.HasContextTakeover(sender), memory)
    {
    }

    /// <summary>Creates a deflater of messages for any connections that share a pool.</summary>
    public MessageDeflater(CodecPool<Deflater> codecs, bool hasContextTakeover, MemoryAllowance? memory = null)
    {
        _memory = memory;
        Codecs = codecs;
        HasContextTakeover = hasContextTakeover;
    }

    /// <summary>The pool that deflaters are rented from.</summary>
    public CodecPool<Deflater> Codecs { get; }

    /// <summary>Whether messages may refer to the messages before them.</summary>
    public bool HasContextTakeover { get; }

    /// <summary>Whether a deflater is rented, which takes hundreds of KiB.</summary>
    public bool HoldsCodec => _deflater is not null;

    /// <summary>
    /// Whether an end can compress at all. A server may require a window of 256 bytes from a client, which zlib does not support.
    /// This end then sends its messages uncompressed, which is always allowed (RFC 7692 §6).
    /// </summary>
    public static bool CanDeflate(in PerMessageDeflateParameters agreed, Role sender) =>
        agreed.WindowBitsOf(sender) >= PerMessageDeflateNegotiation.MinDeflateWindowBits;

    /// <summary>Compresses a whole message, if that makes it shorter.</summary>
    /// <param name="payload">The message.</param>
    /// <param name="pool">The pool that the array is rented from; the caller returns it.</param>
    /// <param name="offset">The number of bytes to leave free for a header before the compressed bytes.</param>
    /// <param name="deflated">The compressed bytes, if the message became shorter.</param>
    /// <returns>Whether the message became shorter. If not, it must be sent uncompressed.</returns>
    public bool TryDeflate(
        ReadOnlySpan<byte> payload, ArrayPool<byte> pool, int offset, out ArraySegment<byte> deflated)
    {
        MessagePart part = HasContextTakeover ? MessagePart.End : MessagePart.EndAndReset;
        bool isShorter = TryDeflate(payload, part, Math.Max(payload.Length, MinLength), pool, offset, out deflated);
        if (isShorter && deflated.Count >= payload.Length)
        {
            pool.Return(deflated.Array!);
            deflated = default;
            isShorter = false;
        }

        if (!isShorter)
        {
            // RFC 7692 §7.2.2: the peer's window will not contain this message, so ours must not either.
            Forget();
        }
        else if (!HasContextTakeover)
        {
            Release();
        }

        return isShorter;
    }

    /// <summary>Compresses a fragment of a message whose first fragment was compressed too.</summary>
    /// <param name="payload">The fragment.</param>
    /// <param name="endsMessage">Whether it is the last fragment.</param>
    /// <param name="pool">The pool that the array is rented from; the caller returns it.</param>
    /// <param name="offset">The number of bytes to leave free for a header before the compressed bytes.</param>
    /// <returns>The compressed bytes.</returns>
    public ArraySegment<byte> DeflateFragment(
        ReadOnlySpan<byte> payload, bool endsMessage, ArrayPool<byte> pool, int offset)
    {
        MessagePart part = !endsMessage ? MessagePart.Fragment
            : HasContextTakeover ? MessagePart.End
            : MessagePart.EndAndReset;
        if (!TryDeflate(payload, part, Array.MaxLength - offset, pool, offset, out ArraySegment<byte> deflated))
        {
            throw new InsufficientMemoryException("A fragment of almost two gibibytes cannot be compressed.");
        }

        if (part == MessagePart.EndAndReset)
        {
            Release();
        }

        return deflated;
    }

    /// <summary>
    /// Discards the window. Call it after the connection has sent a compressed message that this object has not seen, such as a
    /// prepared one, which is in the peer's window, and after the connection has been idle for a while. Not allowed inside a
    /// fragmented message.
    /// </summary>
    /// <remarks>Always valid: a message without back-references can be inflated with any window.</remarks>
    public void Forget() => Release();

    /// <summary>Returns the deflater to its pool, also when the connection ends.</summary>
    public void Release()
    {
        if (_deflater is not null)
        {
            _memory?.Add(-_deflater.MemoryLength);
            _deflater.Reset();
            Codecs.Return(_deflater);
            _deflater = null;
        }
    }

    private bool TryDeflate(
        ReadOnlySpan<byte> payload,
        MessagePart part,
        int maxLength,
        ArrayPool<byte> pool,
        int offset,
        out ArraySegment<byte> deflated)
    {
        Deflater deflater = _deflater ?? Rent();
        byte[] array = pool.Rent(offset + FirstLength(payload.Length, maxLength));
        int length = 0;
        while (true)
        {
            int room = Math.Min(array.Length - offset, maxLength) - length;
            bool isDone = deflater.Deflate(
                payload, part, array.AsSpan(offset + length, room), out int consumed, out int written);
            payload = payload[consumed..];
            length += written;
            if (isDone)
            {
                deflated = new ArraySegment<byte>(array, offset, length);
                return true;
            }

            if (maxLength - length < Deflater.MinDestinationLength)
            {
                pool.Return(array);
                deflated = default;
                return false;
            }

            if (array.Length - offset - length < Deflater.MinDestinationLength)
            {
                array = Grow(array, offset + length, pool);
            }
        }
    }

    private Deflater Rent()
    {
        _deflater = Codecs.Rent();
        _memory?.Add(_deflater.MemoryLength);
        return _deflater;
    }

    // Text shrinks to a quarter or less. A short message gets all the room that it can need at once.
    private static int FirstLength(int length, int maxLength)
    {
        const int shortLength = 4_096;
        int expected = length <= shortLength ? length + MinLength : Math.Max(length / 4, shortLength);
        return Math.Min(expected, maxLength);
    }

    private static byte[] Grow(byte[] array, int length, ArrayPool<byte> pool)
    {
        byte[] longer = pool.Rent((int)Math.Min(2L * array.Length, Array.MaxLength));
        array.AsSpan(0, length).CopyTo(longer);
        pool.Return(array);
        return longer;
    }
}
