namespace Sockeye.Compression;

/// <summary>The flush modes of zlib, with the values of zlib.h.</summary>
internal enum ZLibFlush
{
    /// <summary>Writes all output as whole bytes, followed by an empty stored block (RFC 7692 §7.2.1).</summary>
    Sync = 2,

    /// <summary>As <see cref="Sync"/>, and also empties the window: later output refers to nothing before this point.</summary>
    Full = 3,

    /// <summary>For inflating: stops at the end of the next block (RFC 1951 §3.2.3).</summary>
    Block = 5,
}
