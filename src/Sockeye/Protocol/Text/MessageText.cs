namespace Sockeye.Protocol;

/// <summary>
/// Checks the text of a message as it arrives, and as early as can be: a byte that no continuation can mend is found at
/// once, even inside an unfinished frame (RFC 6455 §8.1).
/// </summary>
internal struct MessageText
{
    private Utf8Validator _utf8;

    /// <summary>Checks the next bytes.</summary>
    /// <param name="piece">What has arrived.</param>
    /// <param name="isWhole">Whether that is all of the message, which is checked faster.</param>
    /// <param name="endsMessage">Whether the message ends with it; the next bytes begin another.</param>
    /// <returns>Whether it is, or can become, valid UTF-8.</returns>
    public bool TryAppend(ReadOnlySpan<byte> piece, bool isWhole, bool endsMessage)
    {
        if (isWhole)
        {
            return Utf8Validator.IsValid(piece);
        }

        bool valid = _utf8.TryAppend(piece) && (!endsMessage || _utf8.IsAtBoundary);
        if (endsMessage)
        {
            _utf8 = default;
        }

        return valid;
    }
}
