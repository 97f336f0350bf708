namespace Sockeye.Testing;

/// <summary>
/// Pseudo-random numbers that depend only on a seed and a position, so that they are the same in whatever order they are read, and on every
/// version of .NET.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="stream">Numbers with different values of this parameter are independent.</param>
internal readonly struct SeededNumbers(int seed, int stream)
{
    private const ulong Increment = 0x9E3779B97F4A7C15;

    private readonly ulong _start = Mix((((ulong)(uint)seed << 32) | (uint)stream) + Increment);

    /// <summary>Returns a number from 0 to 1, without 1.</summary>
    public double FractionAt(long position) => (NumberAt(position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Returns a number from 1 to a maximum, inclusive.</summary>
    public int LengthAt(long position, int max) => 1 + (int)(NumberAt(position) % (ulong)max);

    private ulong NumberAt(long position) => Mix(_start + ((ulong)position * Increment));

    // The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
