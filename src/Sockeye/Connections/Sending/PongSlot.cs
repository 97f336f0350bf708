using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>
/// The one pong that waits while the transport is blocked: the newest, since it answers all earlier pings as well
/// (RFC 6455 §5.5.3). However many pings come, they cost 125 bytes.
/// </summary>
internal struct PongSlot
{
    private byte[]? _payload;
    private byte _length;

    /// <summary>Whether a pong waits.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Puts a pong in, in place of the one that is there.</summary>
    public void Put(ReadOnlySpan<byte> payload)
    {
        _payload ??= new byte[FrameHeader.MaxControlPayloadLength];
        payload.CopyTo(_payload);
        _length = (byte)payload.Length;
        IsFull = true;
    }

    /// <summary>Takes the pong out.</summary>
    public ReadOnlySpan<byte> Take()
    {
        IsFull = false;
        return _payload.AsSpan(0, _length);
    }

    /// <summary>Drops the pong, if there is one.</summary>
    public void Clear() => IsFull = false;
}
