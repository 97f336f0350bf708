namespace Sockeye.Protocol;

/// <summary>Where name and value of a header line lie in the bytes of its head.</summary>
internal readonly record struct HeaderLine(int NameStart, int NameLength, int ValueStart, int ValueLength)
{
    /// <summary>How many lines there is room for on the stack: as many as heads have by default.</summary>
    public const int UsualCount = 64;

    /// <summary>Room for the lines of a head.</summary>
    /// <param name="head">A head whose end has been found.</param>
    /// <param name="usual">Room for <see cref="UsualCount"/> lines, which is used if it is enough.</param>
    public static Span<HeaderLine> RoomFor(ReadOnlySpan<byte> head, Span<HeaderLine> usual)
    {
        // The start line and the empty line at the end are counted too, and need no room.
        int count = head.Count(HttpCharacters.LineFeed);
        return count <= usual.Length ? usual : new HeaderLine[count];
    }
}
