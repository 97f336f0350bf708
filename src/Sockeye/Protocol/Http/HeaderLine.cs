namespace Sockeye.Protocol;

/// <summary>The positions of the name and value of a header line in the bytes of its head.</summary>
internal readonly record struct HeaderLine(int NameStart, int NameLength, int ValueStart, int ValueLength)
{
    /// <summary>The number of lines that fit on the stack: the default maximum of a head.</summary>
    public const int UsualCount = 64;

    /// <summary>Returns storage for the lines of a head.</summary>
    /// <param name="head">A complete head.</param>
    /// <param name="usual">Storage for <see cref="UsualCount"/> lines, which is returned if it suffices.</param>
    public static Span<HeaderLine> RoomFor(ReadOnlySpan<byte> head, Span<HeaderLine> usual)
    {
        // The start line and the final empty line are counted too, although they need no storage.
        int count = head.Count(HttpCharacters.LineFeed);
        return count <= usual.Length ? usual : new HeaderLine[count];
    }
}
