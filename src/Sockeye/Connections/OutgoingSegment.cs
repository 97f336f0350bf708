namespace Sockeye.Connections;

/// <summary>A run of bytes ready for the transport, in an array of the pool.</summary>
internal readonly record struct OutgoingSegment(byte[] Array, int Start, int Length)
{
    /// <summary>The bytes, as memory that lasts until the array is returned.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(Start, Length);

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => Array.AsSpan(Start, Length);

    /// <summary>What is left after the first <paramref name="count"/> bytes.</summary>
    public OutgoingSegment Skip(int count) => this with { Start = Start + count, Length = Length - count };
}
