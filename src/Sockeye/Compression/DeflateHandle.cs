namespace Sockeye.Compression;

/// <summary>A stream of zlib that makes raw DEFLATE data (RFC 1951).</summary>
internal sealed unsafe class DeflateHandle : ZLibHandle
{
    /// <summary>Makes a stream.</summary>
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
        // In the midst of a message zlib calls it a data error; the memory is free all the same.
        var stream = new ZLibStream { State = handle };
        return ZLibNative.DeflateEnd(&stream) is ZLibStatus.Ok or ZLibStatus.DataError;
    }
}
