using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>Owns a file descriptor. It is closed once, and only when no call is using it.</summary>
/// <remarks>
/// Only the loop that reads from a descriptor disposes of it, so the loop uses <see cref="Number"/> without a reference. Any
/// other thread holds a reference during its call, so that the number cannot be reused for another file meanwhile.
/// </remarks>
internal sealed class Descriptor : SafeHandle
{
    private const int None = -1;

    /// <summary>Takes ownership of a descriptor.</summary>
    public Descriptor(int number)
        : base(None, ownsHandle: true) => SetHandle(number);

    /// <inheritdoc/>
    public override bool IsInvalid => Number < 0;

    /// <summary>
    /// The descriptor's number. Only valid for a caller that holds a reference, or is the only one to dispose of it.
    /// </summary>
    public int Number => (int)handle;

    /// <summary>
    /// Acquires a reference, unless the descriptor has been disposed of. Release it with
    /// <see cref="SafeHandle.DangerousRelease"/>.
    /// </summary>
    public bool TryHold()
    {
        bool holds = false;
        try
        {
            DangerousAddRef(ref holds);
        }
        catch (ObjectDisposedException)
        {
            // Rare: the caller does not know yet that the transport has ended.
        }

        return holds;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.Close(Number) == 0;
}
