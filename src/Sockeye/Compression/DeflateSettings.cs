using System.IO.Compression;

namespace Sockeye.Compression;

/// <summary>What an encoder is made with.</summary>
/// <param name="WindowBits">The base-2 logarithm of its window, 9 to 15.</param>
/// <param name="Level">How hard it looks for repetitions, 1 to 9.</param>
/// <param name="MemoryLevel">How many symbols it gathers for a block, 1 to 9: 2 to the power of (this + 6).</param>
/// <param name="Strategy">What kind of data it expects.</param>
internal readonly record struct DeflateSettings(
    int WindowBits, int Level, int MemoryLevel, ZLibCompressionStrategy Strategy);
