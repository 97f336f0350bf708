using System.Buffers;

namespace Sockeye.Connections.Sending;

/// <summary>A run of bytes ready for the transport.</summary>
/// <param name="Array">The array that holds them.</param>
/// <param name="Start">The index of the first byte.</param>
/// <param name="Length">The number of bytes.</param>
/// <param name="IsShared">
/// Whether other connections send the array too (<see cref="OutgoingFrame.Shared"/>); otherwise it is rented.
/// </param>
internal readonly record struct OutgoingSegment(byte[]? Array, int Start, int Length, bool IsShared = false)
{
    /// <summary>The bytes, as memory that stays valid until the array is returned.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(Start, Length);

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => Array.AsSpan(Start, Length);

    /// <summary>Makes a segment that holds one frame.</summary>
    public static OutgoingSegment OfFrame(
        in OutgoingFrame frame, ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        byte[] array = settings.Pool.Rent(frame.LengthWith(payload.Length, settings.FrameForm));
        return new OutgoingSegment(array, 0, frame.Write(array, settings.FrameForm, payload));
    }

    /// <summary>Makes a segment of a frame that other connections send too.</summary>
    public static OutgoingSegment OfShared(byte[] frame) => new(frame, 0, frame.Length, IsShared: true);

    /// <summary>Makes a segment that holds a copy of what is left of two runs of bytes.</summary>
    /// <param name="first">The first run.</param>
    /// <param name="second">The run after it.</param>
    /// <param name="written">How many bytes of both together have been written.</param>
    /// <param name="pool">Where the array is rented.</param>
    public static OutgoingSegment OfRest(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int written, ArrayPool<byte> pool)
    {
        second = second[Math.Max(written - first.Length, 0)..];
        first = first[Math.Min(written, first.Length)..];
        byte[] copy = pool.Rent(first.Length + second.Length);
        first.CopyTo(copy);
        second.CopyTo(copy.AsSpan(first.Length));
        return new OutgoingSegment(copy, 0, first.Length + second.Length);
    }

    /// <summary>Returns the array to the pool, if it is rented.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (Array is not null && !IsShared)
        {
            pool.Return(Array);
        }
    }

    /// <summary>Returns what is left after the first <paramref name="count"/> bytes.</summary>
    public OutgoingSegment Skip(int count) => this with { Start = Start + count, Length = Length - count };
}
