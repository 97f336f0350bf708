using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>Owns a file descriptor: closed once, and only when no call is using it any more.</summary>
/// <remarks>
/// The loop that reads from a descriptor is the only one to dispose of it, and uses <see cref="Number"/> as it is. Any
/// other thread holds a reference for the length of its call, so that the number cannot be given to another file
/// meanwhile.
/// </remarks>
internal sealed class Descriptor : SafeHandle
{
    private const int None = -1;

    /// <summary>Takes over a descriptor.</summary>
    public Descriptor(int number)
        : base(None, ownsHandle: true) => SetHandle(number);

    /// <inheritdoc/>
    public override bool IsInvalid => Number < 0;

    /// <summary>The descriptor's number, for whoever holds a reference or is the only one to dispose of it.</summary>
    public int Number => (int)handle;

    /// <summary>Holds a reference, if the descriptor has not been disposed of; give it back with
    /// <see cref="SafeHandle.DangerousRelease"/>.</summary>
    public bool TryHold()
    {
        bool holds = false;
        try
        {
            DangerousAddRef(ref holds);
        }
        catch (ObjectDisposedException)
        {
            // Rare: whoever asks has not heard yet that the transport has ended.
        }

        return holds;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.Close(Number) == 0;
}
