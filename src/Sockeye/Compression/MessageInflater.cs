using System.Buffers;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// The receiving half of permessage-deflate on one connection: has an inflater from the first byte of a compressed message
/// to the last, and between messages only if the peer's messages refer to those before (RFC 7692 §7.2.2).
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class MessageInflater : IMessageInflater
{
    private readonly CodecPool<Inflater> _pool;
    private readonly bool _hasContextTakeover;
    private readonly MemoryAllowance? _memory;
    private Inflater? _inflater;

    /// <summary>Makes the half of a connection.</summary>
    /// <param name="codecs">Where inflaters come from.</param>
    /// <param name="agreed">What client and server have agreed on.</param>
    /// <param name="sender">Whose messages these are: the peer's role.</param>
    /// <param name="memory">Where the inflater counts; <see langword="null"/> for nowhere.</param>
    public MessageInflater(
        MessageCodecs codecs, in PerMessageDeflateParameters agreed, Role sender, MemoryAllowance? memory = null)
    {
        _memory = memory;
        _pool = codecs.Inflaters(agreed.WindowBitsOf(sender));
        _hasContextTakeover = agreed.HasContextTakeover(sender);
    }

    /// <summary>Whether there is an inflater, which takes tens of KiB.</summary>
    public bool HoldsCodec => _inflater is not null;

    /// <inheritdoc/>
    public bool TryBegin(bool endsMessage)
    {
        if (_inflater is not null)
        {
            return true;
        }

        // One that is back before the turn is over takes nothing from others.
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

    /// <summary>Gives the inflater back, at the connection's end.</summary>
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
