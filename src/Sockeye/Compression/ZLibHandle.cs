using System.Runtime.InteropServices;

namespace Sockeye.Compression;

/// <summary>Owns the memory that zlib allocates for one stream, so that it is always freed.</summary>
internal abstract unsafe class ZLibHandle : SafeHandle
{
    protected ZLibHandle()
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Makes zlib process input.</summary>
    /// <param name="source">The input.</param>
    /// <param name="destination">The output buffer.</param>
    /// <param name="flush">How far to flush.</param>
    /// <param name="consumed">The number of bytes read.</param>
    /// <param name="written">The number of bytes written.</param>
    public ZLibStatus Run(
        ReadOnlySpan<byte> source, Span<byte> destination, ZLibFlush flush, out int consumed, out int written)
    {
        bool isHeld = false;
        try
        {
            // If another thread disposes of the handle meanwhile, the memory stays valid until this call returns.
            DangerousAddRef(ref isHeld);
            fixed (byte* input = source, output = destination)
            {
                var stream = new ZLibStream
                {
                    State = handle,
                    NextIn = input,
                    NextOut = output,
                    AvailableIn = (uint)source.Length,
                    AvailableOut = (uint)destination.Length,
                };
                ZLibStatus status = Run(&stream, flush);
                consumed = source.Length - (int)stream.AvailableIn;
                written = destination.Length - (int)stream.AvailableOut;
                return status;
            }
        }
        finally
        {
            if (isHeld)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>Calls the zlib function.</summary>
    protected abstract ZLibStatus Run(ZLibStream* stream, ZLibFlush flush);

    /// <summary>Stores the state of a new stream.</summary>
    protected void Keep(in ZLibStream stream, ZLibStatus status)
    {
        SetHandle(stream.State);
        if (status != ZLibStatus.Ok)
        {
            SetHandleAsInvalid();
            throw status == ZLibStatus.MemoryError
                ? new InsufficientMemoryException("zlib could not allocate memory for a stream.")
                : new InvalidOperationException($"zlib failed to create a stream ({status}).");
        }
    }
}
