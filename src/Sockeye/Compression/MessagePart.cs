namespace Sockeye.Compression;

/// <summary>The position of a piece in its message, for a <see cref="Deflater"/>.</summary>
internal enum MessagePart
{
    /// <summary>More of the message follows; the output is flushed, so that the peer can inflate this piece now.</summary>
    Fragment,

    /// <summary>The message ends; later messages may refer to it.</summary>
    End,

    /// <summary>
    /// The message ends, and later messages do not refer to it: there is no context takeover (RFC 7692 §7.1.1).
    /// </summary>
    EndAndReset,
}
