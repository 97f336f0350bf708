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
        int index = 0;
        while (index < piece.Length)
        {
            if (!_isAfterLineFeed)
            {
                int length = piece[index..].IndexOf((byte)'\n');
                if (length < 0)
                {
                    return null;
                }

                _isAfterLineFeed = true;
                index += length + 1;
                continue;
            }

            byte next = piece[index++];
            if (next == '\n')
            {
                this = default;
                return index;
            }

            // A carriage return right after a line feed begins an empty line, if a line feed follows.
            _isAfterLineFeed = next == '\r' && !_isAfterCarriageReturn;
            _isAfterCarriageReturn = _isAfterLineFeed;
        }

        return null;
    }
}
