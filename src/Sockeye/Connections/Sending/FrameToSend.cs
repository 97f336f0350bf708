using System.Buffers;

namespace Sockeye.Connections.Sending;

/// <summary>A frame that may have to wait for its turn.</summary>
internal readonly struct FrameToSend
{
    /// <summary>What its first byte says.</summary>
    public required FrameKind Kind { get; init; }

    /// <summary>The payload. Not copied while it waits.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The array of the pool that the payload lies in, to be returned once it is not needed any more.</summary>
    public byte[]? Rented { get; init; }

    /// <summary>The frame that many connections have, if it is one of those.</summary>
    public PreparedFrame? Prepared { get; init; }

    /// <summary>The writer of the fragmented message that this begins, continues or ends.</summary>
    public object? Writer { get; init; }

    /// <summary>A frame that many connections have.</summary>
    public static FrameToSend Of(PreparedFrame frame) =>
        new() { Kind = frame.Kind, Payload = frame.Payload, Prepared = frame };

    /// <summary>The same as that of a writer, who has it sent in a turn.</summary>
    public FrameToSend By(object writer) =>
        new() { Kind = Kind, Payload = Payload, Prepared = Prepared, Writer = writer };

    /// <summary>Returns the array that the payload lies in, if it is one of the pool's.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (Rented is not null)
        {
            pool.Return(Rented);
        }
    }
}
