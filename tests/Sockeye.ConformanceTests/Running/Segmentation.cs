namespace Sockeye.Tests;

/// <summary>How the peer's bytes are split into writes. A case must have the same result under all segmentations.</summary>
internal abstract record Segmentation
{
    /// <summary>Each frame is one write, or is split as the case specifies.</summary>
    public sealed record AsWritten : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) => burst.WriteEnds;
    }

    /// <summary>Everything that need not wait for a response is one write.</summary>
    public sealed record Coalesced : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) => [burst.Wire.Length];
    }

    /// <summary>As <see cref="Coalesced"/>, with one split at this offset from the start of the case.</summary>
    public sealed record CutAt(long Offset) : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) =>
            Offset > start && Offset < start + burst.Wire.Length
                ? [(int)(Offset - start), burst.Wire.Length]
                : [burst.Wire.Length];
    }

    /// <summary>Writes of this many bytes; 1 is byte by byte.</summary>
    public sealed record Chopped(int Length) : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start)
        {
            for (int end = Length; end < burst.Wire.Length; end += Length)
            {
                yield return end;
            }

            yield return burst.Wire.Length;
        }
    }

    /// <summary>Returns where the writes of a burst end, in order; the last one at its end.</summary>
    /// <param name="burst">The burst.</param>
    /// <param name="start">The number of bytes of the case that precede it.</param>
    public abstract IEnumerable<int> WriteEnds(Burst burst, long start);
}
