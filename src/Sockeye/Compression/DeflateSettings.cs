using System.IO.Compression;

namespace Sockeye.Compression;

/// <summary>The settings of a <see cref="Deflater"/>.</summary>
/// <param name="WindowBits">The base-2 logarithm of the window, 9 to 15.</param>
/// <param name="Level">The compression level, 1 to 9.</param>
/// <param name="MemoryLevel">The memory level, 1 to 9: a block buffers up to 2 to the power of (this + 6) symbols.</param>
/// <param name="Strategy">The kind of data to expect.</param>
internal readonly record struct DeflateSettings(
    int WindowBits, int Level, int MemoryLevel, ZLibCompressionStrategy Strategy);
