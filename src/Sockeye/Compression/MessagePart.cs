namespace Sockeye.Compression;

/// <summary>What a piece of a message is to a <see cref="Deflater"/>.</summary>
internal enum MessagePart
{
    /// <summary>More of the message follows; what there is of it reaches the peer now.</summary>
    Fragment,

    /// <summary>The message ends; later ones may refer to it.</summary>
    End,

    /// <summary>The message ends, and later ones do not refer to it: there is no context takeover (RFC 7692 §7.1.1).</summary>
    EndToForget,
}
