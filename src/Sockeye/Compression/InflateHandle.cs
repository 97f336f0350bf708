namespace Sockeye.Compression;

/// <summary>A zlib stream that inflates raw DEFLATE data (RFC 1951).</summary>
internal sealed unsafe class InflateHandle : ZLibHandle
{
    private readonly int _windowBits;

    /// <summary>Creates a stream.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window, 8 to 15.</param>
    public InflateHandle(int windowBits)
    {
        // zlib.h: a negative value requests raw data, without header and checksum.
        _windowBits = -windowBits;
        ZLibStream stream = default;
        ZLibStatus status = ZLibNative.InflateInit(&stream, _windowBits);
        Keep(stream, status);
    }

    /// <summary>Resets the stream, with an empty window.</summary>
    public ZLibStatus Reset()
    {
        bool isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            var stream = new ZLibStream { State = handle };
            return ZLibNative.InflateReset(&stream, _windowBits);
        }
        finally
        {
            if (isHeld)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override ZLibStatus Run(ZLibStream* stream, ZLibFlush flush) => ZLibNative.Inflate(stream, flush);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        var stream = new ZLibStream { State = handle };
        return ZLibNative.InflateEnd(&stream) == ZLibStatus.Ok;
    }
}
