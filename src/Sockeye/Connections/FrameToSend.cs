using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections;

/// <summary>A frame that may have to wait for its turn.</summary>
internal readonly struct FrameToSend
{
    /// <summary>The opcode of the message, of a later fragment, or of a control frame.</summary>
    public required Opcode Opcode { get; init; }

    /// <summary>Whether the frame ends its message.</summary>
    public required bool Fin { get; init; }

    /// <summary>The payload. Not copied while it waits.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The array of the pool that the payload lies in, to be returned once it is not needed any more.</summary>
    public byte[]? Rented { get; init; }

    /// <summary>The writer of the fragmented message that this begins, continues or ends.</summary>
    public object? Writer { get; init; }

    /// <summary>Returns the array that the payload lies in, if it is one of the pool's.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (Rented is not null)
        {
            pool.Return(Rented);
        }
    }
}
