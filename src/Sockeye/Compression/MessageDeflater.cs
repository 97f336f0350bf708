using System.Buffers;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// The sending half of permessage-deflate on one connection: has a deflater while it compresses a message, and between
/// messages only if its messages refer to those before, and as long as it is not idle (RFC 7692 §7.2.1).
/// </summary>
/// <remarks>Not thread-safe: messages are compressed in the order in which they are sent.</remarks>
internal sealed class MessageDeflater
{
    // Beside what a short message may grow by: the room that a deflater needs in any case, and some more.
    private const int MinLength = 2 * Deflater.MinDestinationLength;

    private readonly MemoryAllowance? _memory;
    private Deflater? _deflater;

    /// <summary>Makes the half of a connection.</summary>
    /// <param name="codecs">Where deflaters come from.</param>
    /// <param name="agreed">What client and server have agreed on: see <see cref="CanDeflate"/>.</param>
    /// <param name="sender">This end's role.</param>
    /// <param name="memory">Where the deflater counts; <see langword="null"/> for nowhere.</param>
    public MessageDeflater(
        MessageCodecs codecs, in PerMessageDeflateParameters agreed, Role sender, MemoryAllowance? memory = null)
        : this(codecs.Deflaters(agreed.WindowBitsOf(sender)), agreed.HasContextTakeover(sender), memory)
    {
    }

    /// <summary>Makes one for messages of any connections whose deflaters come from the same pool.</summary>
    public MessageDeflater(CodecPool<Deflater> codecs, bool hasContextTakeover, MemoryAllowance? memory = null)
    {
        _memory = memory;
        Codecs = codecs;
        HasContextTakeover = hasContextTakeover;
    }

    /// <summary>Where deflaters come from.</summary>
    public CodecPool<Deflater> Codecs { get; }

    /// <summary>Whether messages refer to those before them.</summary>
    public bool HasContextTakeover { get; }

    /// <summary>Whether there is a deflater, which takes hundreds of KiB.</summary>
    public bool HoldsCodec => _deflater is not null;

    /// <summary>
    /// Whether an end can compress at all. A server may have asked a client for a window of 256 bytes, which zlib does not
    /// have: then this end sends its messages uncompressed, as it always may (RFC 7692 §6).
    /// </summary>
    public static bool CanDeflate(in PerMessageDeflateParameters agreed, Role sender) =>
        agreed.WindowBitsOf(sender) >= PerMessageDeflateNegotiation.MinDeflateWindowBits;

    /// <summary>Compresses a whole message, if it becomes shorter by that.</summary>
    /// <param name="payload">The message.</param>
    /// <param name="pool">Where the array comes from; the caller returns it.</param>
    /// <param name="offset">How much room to leave before the compressed bytes, for a header.</param>
    /// <param name="deflated">The compressed bytes, if it does.</param>
    /// <returns>If not, the message must be sent as it is.</returns>
    public bool TryDeflate(
        ReadOnlySpan<byte> payload, ArrayPool<byte> pool, int offset, out ArraySegment<byte> deflated)
    {
        MessagePart part = HasContextTakeover ? MessagePart.End : MessagePart.EndToForget;
        bool isShorter = TryDeflate(payload, part, Math.Max(payload.Length, MinLength), pool, offset, out deflated);
        if (isShorter && deflated.Count >= payload.Length)
        {
            pool.Return(deflated.Array!);
            deflated = default;
            isShorter = false;
        }

        if (!isShorter)
        {
            // The peer will not see this message in its window (§7.2.2): ours must not have it either.
            Forget();
        }
        else if (!HasContextTakeover)
        {
            Release();
        }

        return isShorter;
    }

    /// <summary>Compresses a fragment of a message, whose first fragment was compressed too.</summary>
    /// <param name="payload">The fragment.</param>
    /// <param name="endsMessage">Whether it is the last.</param>
    /// <param name="pool">Where the array comes from; the caller returns it.</param>
    /// <param name="offset">How much room to leave before the compressed bytes, for a header.</param>
    /// <returns>The compressed bytes.</returns>
    public ArraySegment<byte> DeflateFragment(
        ReadOnlySpan<byte> payload, bool endsMessage, ArrayPool<byte> pool, int offset)
    {
        MessagePart part = !endsMessage ? MessagePart.Fragment
            : HasContextTakeover ? MessagePart.End
            : MessagePart.EndToForget;
        if (!TryDeflate(payload, part, Array.MaxLength - offset, pool, offset, out ArraySegment<byte> deflated))
        {
            throw new InsufficientMemoryException("A fragment of two gibibytes does not become shorter.");
        }

        if (part == MessagePart.EndToForget)
        {
            Release();
        }

        return deflated;
    }

    /// <summary>
    /// Lets go of what messages could refer to. To be called after the connection has sent a compressed message that this
    /// has not seen, such as a prepared one, which is in the peer's window; and when the connection has long sent nothing.
    /// Not inside a fragmented message.
    /// </summary>
    /// <remarks>Always legal: a message that refers to nothing can be inflated with any window.</remarks>
    public void Forget() => Release();

    /// <summary>Gives the deflater back, also at the connection's end.</summary>
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

    // Text becomes a quarter or less; what is short is given all the room it can need at once.
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
