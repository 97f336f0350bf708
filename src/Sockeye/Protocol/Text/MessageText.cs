namespace Sockeye.Protocol;

/// <summary>
/// Validates the text of a message as it arrives. An invalid byte is detected at once, even inside an incomplete frame (RFC 6455
/// §8.1).
/// </summary>
internal struct MessageText
{
    private Utf8Validator _utf8;

    /// <summary>Validates the next bytes.</summary>
    /// <param name="piece">The bytes that have arrived.</param>
    /// <param name="isWhole">Whether they are the whole message, which is checked faster.</param>
    /// <param name="endsMessage">Whether they end the message; the next bytes then begin another.</param>
    /// <returns>Whether the text is valid UTF-8, or can still become so.</returns>
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
