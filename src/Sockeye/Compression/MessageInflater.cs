using System.Buffers;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// The receiving half of permessage-deflate on one connection. It rents an inflater from the first byte of a compressed message
/// to the last, and keeps it between messages only with context takeover (RFC 7692 §7.2.2).
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class MessageInflater : IMessageInflater
{
    private readonly CodecPool<Inflater> _pool;
    private readonly bool _hasContextTakeover;
    private readonly MemoryAllowance? _memory;
    private Inflater? _inflater;

    /// <summary>Creates the receiving half of a connection.</summary>
    /// <param name="codecs">The codecs to rent inflaters from.</param>
    /// <param name="agreed">The negotiated parameters.</param>
    /// <param name="sender">The role of the peer, which sends the messages.</param>
    /// <param name="memory">The allowance that an inflater is charged to; <see langword="null"/> for none.</param>
    public MessageInflater(
        MessageCodecs codecs, in PerMessageDeflateParameters agreed, Role sender, MemoryAllowance? memory = null)
    {
        _memory = memory;
        _pool = codecs.Inflaters(agreed.WindowBitsOf(sender));
        _hasContextTakeover = agreed.HasContextTakeover(sender);
    }

    /// <summary>Whether an inflater is rented, which takes tens of KiB.</summary>
    public bool HoldsCodec => _inflater is not null;

    /// <inheritdoc/>
    public bool TryBegin(bool endsMessage)
    {
        if (_inflater is not null)
        {
            return true;
        }

        // An inflater that is returned before the turn ends takes no memory from other connections.
        bool isKept = _hasContextTakeover || !endsMessage;
        if (isKept && _memory is { IsUsedUp: true })
        {
            return false;
        }

        Rent();
        return true;
    }

    /// <inheritdoc/>
    public OperationStatus Inflate(
        ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written)
    {
        Inflater inflater = _inflater ?? Rent();
        OperationStatus status = inflater.Inflate(source, endsMessage, destination, out consumed, out written);
        if (status == OperationStatus.Done && !_hasContextTakeover)
        {
            Release();
        }

        return status;
    }

    /// <summary>Returns the inflater to its pool, also when the connection ends.</summary>
    public void Release()
    {
        if (_inflater is null)
        {
            return;
        }

        _memory?.Add(-_inflater.MemoryLength);
        if (_inflater.TryReset())
        {
            _pool.Return(_inflater);
        }
        else
        {
            _inflater.Dispose();
        }

        _inflater = null;
    }

    private Inflater Rent()
    {
        _inflater = _pool.Rent();
        _memory?.Add(_inflater.MemoryLength);
        return _inflater;
    }
}
