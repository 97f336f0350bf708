using System.Runtime.InteropServices;

namespace Sockeye.Compression;

/// <summary>The memory that zlib holds for one stream, given back in any event.</summary>
internal abstract unsafe class ZLibHandle : SafeHandle
{
    protected ZLibHandle()
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Lets zlib go on.</summary>
    /// <param name="source">What to read.</param>
    /// <param name="destination">Where to write.</param>
    /// <param name="flush">How far to go.</param>
    /// <param name="consumed">How many bytes were read.</param>
    /// <param name="written">How many bytes were written.</param>
    public ZLibStatus Run(
        ReadOnlySpan<byte> source, Span<byte> destination, ZLibFlush flush, out int consumed, out int written)
    {
        bool isHeld = false;
        try
        {
            // Whoever drops the handle meanwhile, on another thread, does not take the memory from under this call.
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

    /// <summary>The call itself.</summary>
    protected abstract ZLibStatus Run(ZLibStream* stream, ZLibFlush flush);

    /// <summary>Keeps what was made.</summary>
    protected void Keep(in ZLibStream stream, ZLibStatus status)
    {
        SetHandle(stream.State);
        if (status != ZLibStatus.Ok)
        {
            SetHandleAsInvalid();
            throw status == ZLibStatus.MemoryError
                ? new InsufficientMemoryException("zlib got no memory for a stream.")
                : new InvalidOperationException($"zlib refused to make a stream ({status}).");
        }
    }
}
