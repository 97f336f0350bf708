namespace Sockeye.Compression;

/// <summary>A zlib stream that produces raw DEFLATE data (RFC 1951).</summary>
internal sealed unsafe class DeflateHandle : ZLibHandle
{
    /// <summary>Creates a stream.</summary>
    public DeflateHandle(DeflateSettings settings)
    {
        ZLibStream stream = default;
        ZLibStatus status = ZLibNative.DeflateInit(
            &stream,
            settings.Level,
            ZLibNative.DeflateMethod,
            -settings.WindowBits,
            settings.MemoryLevel,
            (int)settings.Strategy);
        Keep(stream, status);
    }

    /// <inheritdoc/>
    protected override ZLibStatus Run(ZLibStream* stream, ZLibFlush flush) => ZLibNative.Deflate(stream, flush);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        // In the middle of a message zlib returns a data error, but it frees the memory.
        var stream = new ZLibStream { State = handle };
        return ZLibNative.DeflateEnd(&stream) is ZLibStatus.Ok or ZLibStatus.DataError;
    }
}
