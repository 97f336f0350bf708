using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>
/// Queries how much of the data given to a <see cref="Socket"/> the peer's system has acknowledged. Linux only.
/// </summary>
internal static class SocketProgress
{
    /// <summary>Returns <see cref="Transport.UnacknowledgedLength"/>.</summary>
    public static long? UnacknowledgedLength(Socket? socket) =>
        Ask(socket, static descriptor => SystemCalls.Default.UnacknowledgedLength(descriptor));

    /// <summary>Returns <see cref="Transport.AcknowledgedLength"/>.</summary>
    public static uint? AcknowledgedLength(Socket? socket) =>
        Ask(socket, static descriptor => SystemCalls.Default.AcknowledgedLength(descriptor));

    /// <summary>Returns <see cref="Transport.SinceAcknowledgment"/>.</summary>
    public static TimeSpan? SinceAcknowledgment(Socket? socket) =>
        Ask(socket, static descriptor => SystemCalls.Default.SinceAcknowledgment(descriptor));

    private static T? Ask<T>(Socket? socket, Func<int, T?> ask)
        where T : struct
    {
        if (socket is null || !OperatingSystem.IsLinux())
        {
            return null;
        }

        SafeSocketHandle handle = socket.SafeHandle;
        bool isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return ask((int)handle.DangerousGetHandle());
        }
        catch (ObjectDisposedException)
        {
            // The transport has ended.
            return null;
        }
        finally
        {
            if (isHeld)
            {
                handle.DangerousRelease();
            }
        }
    }
}
