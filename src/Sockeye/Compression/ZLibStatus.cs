namespace Sockeye.Compression;

/// <summary>What a call of zlib answers, in the values of zlib.h.</summary>
internal enum ZLibStatus
{
    /// <summary>There was progress.</summary>
    Ok = 0,

    /// <summary>A block with BFINAL has ended (RFC 1951 §3.2.3).</summary>
    StreamEnd = 1,

    /// <summary>A dictionary is asked for, which a raw stream cannot do.</summary>
    NeedDictionary = 2,

    /// <summary>The call was wrong.</summary>
    StreamError = -2,

    /// <summary>What was to be inflated is not DEFLATE (RFC 1951).</summary>
    DataError = -3,

    /// <summary>There is no memory.</summary>
    MemoryError = -4,

    /// <summary>No progress was possible: nothing to read, or no room to write. No error.</summary>
    BufferError = -5,
}
