namespace Sockeye.Protocol;

/// <summary>
/// Finds the end of an HTTP head in consecutive pieces: an empty line, whether lines end in CR LF or, as lenient clients accept,
/// in LF alone (RFC 9112 §2.2).
/// </summary>
internal struct HeadEndFinder
{
    private bool _isAfterLineFeed;
    private bool _isAfterCarriageReturn;

    /// <summary>Scans the next piece.</summary>
    /// <returns>
    /// The length of the part that belongs to the head, if the head ends in this piece. Call again with the rest.
    /// </returns>
    public int? EndIn(ReadOnlySpan<byte> piece)
    {
        for (int index = 0; index < piece.Length; index++)
        {
            byte next = piece[index];
            bool isEnd = next == '\n' && _isAfterLineFeed;

            // A carriage return right after a line feed begins an empty line, if a line feed follows.
            bool isHalfEmptyLine = next == '\r' && _isAfterLineFeed && !_isAfterCarriageReturn;
            _isAfterLineFeed = (next == '\n' && !isEnd) || isHalfEmptyLine;
            _isAfterCarriageReturn = isHalfEmptyLine;
            if (isEnd)
            {
                return index + 1;
            }
        }

        return null;
    }
}
