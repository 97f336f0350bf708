using System.Buffers;

namespace Sockeye.Connections.Sending;

/// <summary>A run of bytes ready for the transport.</summary>
/// <param name="Array">Where they lie.</param>
/// <param name="Start">Where they begin in it.</param>
/// <param name="Length">How many there are.</param>
/// <param name="IsShared">Whether other connections have the array too (<see cref="PreparedFrame"/>); else it is of the pool.</param>
internal readonly record struct OutgoingSegment(byte[] Array, int Start, int Length, bool IsShared = false)
{
    /// <summary>The bytes, as memory that lasts until the array is returned.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(Start, Length);

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => Array.AsSpan(Start, Length);

    /// <summary>A segment of its own for one frame.</summary>
    public static OutgoingSegment OfFrame(FrameKind kind, ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        byte[] array = settings.Pool.Rent(OutgoingFrame.LengthOf(payload.Length, settings.Role));
        return new OutgoingSegment(array, 0, OutgoingFrame.Write(array, settings.Role, kind, payload));
    }

    /// <summary>A frame that other connections have too.</summary>
    public static OutgoingSegment OfShared(byte[] frame) => new(frame, 0, frame.Length, IsShared: true);

    /// <summary>Returns the array, if it is of the pool.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (!IsShared)
        {
            pool.Return(Array);
        }
    }

    /// <summary>What is left after the first <paramref name="count"/> bytes.</summary>
    public OutgoingSegment Skip(int count) => this with { Start = Start + count, Length = Length - count };
}
