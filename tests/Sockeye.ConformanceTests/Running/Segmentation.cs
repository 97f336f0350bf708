namespace Sockeye.Tests;

/// <summary>How the peer's bytes are cut into writes. The same case must go the same way under all of them.</summary>
internal abstract record Segmentation
{
    /// <summary>Each frame is one write, or is chopped as the case says.</summary>
    public sealed record AsWritten : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) => burst.WriteEnds;
    }

    /// <summary>All that need not wait for an answer is one write.</summary>
    public sealed record Coalesced : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) => [burst.Wire.Length];
    }

    /// <summary>As <see cref="Coalesced"/>, with one cut, so many bytes from the beginning of the case.</summary>
    public sealed record CutAt(long Offset) : Segmentation
    {
        public override IEnumerable<int> WriteEnds(Burst burst, long start) =>
            Offset > start && Offset < start + burst.Wire.Length
                ? [(int)(Offset - start), burst.Wire.Length]
                : [burst.Wire.Length];
    }

    /// <summary>Writes of so many bytes; 1 is byte by byte.</summary>
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

    /// <summary>Where the writes of a burst end, in order; the last one at its end.</summary>
    /// <param name="burst">The burst.</param>
    /// <param name="start">How many bytes of the case come before it.</param>
    public abstract IEnumerable<int> WriteEnds(Burst burst, long start);
}
