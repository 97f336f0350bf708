using System.Runtime.InteropServices;

namespace Sockeye.Compression;

/// <summary>
/// Imports the zlib that .NET itself ships and uses (zlib-ng). No other type knows its library. RFC 7692 needs window bits,
/// memory levels and flushes, which the classes of .NET do not offer.
/// </summary>
/// <remarks>
/// The library is in the folder of the shared framework, or beside a self-contained program; the runtime searches both.
/// Single-file and ahead-of-time compiled programs link it under its exact name on that system, hence the two sets of imports.
/// The one for the other system is not compiled.
/// </remarks>
internal static unsafe partial class ZLibNative
{
    /// <summary>The only compression method of zlib (zlib.h: Z_DEFLATED).</summary>
    public const int DeflateMethod = 8;

    /// <summary>Whether the library is present and works.</summary>
    /// <remarks>Without it permessage-deflate must not be negotiated; everything else works.</remarks>
    public static bool IsAvailable { get; } = Probe();

    public static ZLibStatus DeflateInit(
        ZLibStream* stream, int level, int method, int windowBits, int memoryLevel, int strategy) => OperatingSystem.IsWindows()
        ? Windows.DeflateInit(stream, level, method, windowBits, memoryLevel, strategy)
        : Unix.DeflateInit(stream, level, method, windowBits, memoryLevel, strategy);

    public static ZLibStatus Deflate(ZLibStream* stream, ZLibFlush flush) => OperatingSystem.IsWindows()
        ? Windows.Deflate(stream, flush)
        : Unix.Deflate(stream, flush);

    public static ZLibStatus DeflateEnd(ZLibStream* stream) => OperatingSystem.IsWindows()
        ? Windows.DeflateEnd(stream)
        : Unix.DeflateEnd(stream);

    public static ZLibStatus InflateInit(ZLibStream* stream, int windowBits) => OperatingSystem.IsWindows()
        ? Windows.InflateInit(stream, windowBits)
        : Unix.InflateInit(stream, windowBits);

    public static ZLibStatus Inflate(ZLibStream* stream, ZLibFlush flush) => OperatingSystem.IsWindows()
        ? Windows.Inflate(stream, flush)
        : Unix.Inflate(stream, flush);

    public static ZLibStatus InflateReset(ZLibStream* stream, int windowBits) => OperatingSystem.IsWindows()
        ? Windows.InflateReset(stream, windowBits)
        : Unix.InflateReset(stream, windowBits);

    public static ZLibStatus InflateEnd(ZLibStream* stream) => OperatingSystem.IsWindows()
        ? Windows.InflateEnd(stream)
        : Unix.InflateEnd(stream);

    private static bool Probe()
    {
        try
        {
            using var inflate = new InflateHandle(windowBits: 15);
            using var deflate = new DeflateHandle(new DeflateSettings(9, 1, 1, default));
            return inflate.Reset() == ZLibStatus.Ok;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // Not an error here: the caller does not negotiate the extension, and logs that.
            return false;
        }
    }

    private static partial class Unix
    {
        private const string Library = "libSystem.IO.Compression.Native";

        [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateInit2_")]
        public static partial ZLibStatus DeflateInit(
            ZLibStream* stream, int level, int method, int windowBits, int memoryLevel, int strategy);

        [LibraryImport(Library, EntryPoint = "CompressionNative_Deflate")]
        public static partial ZLibStatus Deflate(ZLibStream* stream, ZLibFlush flush);

        [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateEnd")]
        public static partial ZLibStatus DeflateEnd(ZLibStream* stream);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")]
        public static partial ZLibStatus InflateInit(ZLibStream* stream, int windowBits);

        [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")]
        public static partial ZLibStatus Inflate(ZLibStream* stream, ZLibFlush flush);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")]
        public static partial ZLibStatus InflateReset(ZLibStream* stream, int windowBits);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")]
        public static partial ZLibStatus InflateEnd(ZLibStream* stream);
    }

    private static partial class Windows
    {
        private const string Library = "System.IO.Compression.Native";

        [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateInit2_")]
        public static partial ZLibStatus DeflateInit(
            ZLibStream* stream, int level, int method, int windowBits, int memoryLevel, int strategy);

        [LibraryImport(Library, EntryPoint = "CompressionNative_Deflate")]
        public static partial ZLibStatus Deflate(ZLibStream* stream, ZLibFlush flush);

        [LibraryImport(Library, EntryPoint = "CompressionNative_DeflateEnd")]
        public static partial ZLibStatus DeflateEnd(ZLibStream* stream);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateInit2_")]
        public static partial ZLibStatus InflateInit(ZLibStream* stream, int windowBits);

        [LibraryImport(Library, EntryPoint = "CompressionNative_Inflate")]
        public static partial ZLibStatus Inflate(ZLibStream* stream, ZLibFlush flush);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateReset2_")]
        public static partial ZLibStatus InflateReset(ZLibStream* stream, int windowBits);

        [LibraryImport(Library, EntryPoint = "CompressionNative_InflateEnd")]
        public static partial ZLibStatus InflateEnd(ZLibStream* stream);
    }
}
