namespace Sockeye.Compression;

/// <summary>The return codes of zlib, with the values of zlib.h.</summary>
internal enum ZLibStatus
{
    /// <summary>Progress was made.</summary>
    Ok = 0,

    /// <summary>A block with BFINAL has ended (RFC 1951 §3.2.3).</summary>
    StreamEnd = 1,

    /// <summary>A preset dictionary is needed, which a raw stream does not support.</summary>
    NeedDictionary = 2,

    /// <summary>The call was invalid.</summary>
    StreamError = -2,

    /// <summary>The input is not valid DEFLATE data (RFC 1951).</summary>
    DataError = -3,

    /// <summary>Memory could not be allocated.</summary>
    MemoryError = -4,

    /// <summary>No progress was possible, because of an empty input or a full output. Not an error.</summary>
    BufferError = -5,
}
