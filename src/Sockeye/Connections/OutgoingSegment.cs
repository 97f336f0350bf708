namespace Sockeye.Connections;

/// <summary>A run of bytes ready for the transport, in an array of the pool.</summary>
internal readonly record struct OutgoingSegment(byte[] Array, int Start, int Length)
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

    /// <summary>What is left after the first <paramref name="count"/> bytes.</summary>
    public OutgoingSegment Skip(int count) => this with { Start = Start + count, Length = Length - count };
}
