namespace Sockeye.Compression;

/// <summary>How far a call of zlib is to go, in the values of zlib.h.</summary>
internal enum ZLibFlush
{
    /// <summary>All input out, as whole bytes: behind it stands an empty stored block (RFC 7692 §7.2.1).</summary>
    Sync = 2,

    /// <summary>The same, and nothing that comes later refers to anything before it.</summary>
    Full = 3,

    /// <summary>For inflating: stop where the next block ends (RFC 1951 §3.2.3).</summary>
    Block = 5,
}
