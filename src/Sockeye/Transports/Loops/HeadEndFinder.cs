namespace Sockeye.Transports.Loops;

/// <summary>
/// Finds where the head of an HTTP message ends, in pieces that arrive one after the other: at an empty line, whether
/// lines end in CR LF or, as lenient clients accept it, in LF alone (RFC 9112 §2.2).
/// </summary>
internal struct HeadEndFinder
{
    private bool _isAfterLineFeed;
    private bool _isAfterCarriageReturn;

    /// <summary>Looks through the next piece.</summary>
    /// <returns>How much of it belongs to the head that ends in it, if one does. Go on with what is behind.</returns>
    public int? EndIn(ReadOnlySpan<byte> piece)
    {
        for (int index = 0; index < piece.Length; index++)
        {
            byte next = piece[index];
            bool isEnd = next == '\n' && _isAfterLineFeed;

            // A carriage return right behind a line feed is part of an empty line, if a line feed follows.
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
