using System.Net.Sockets;

namespace Sockeye.Server;

/// <summary>Answers a socket that was accepted, and is not to be served.</summary>
internal static class SocketRefusal
{
    // As much of a request as mostly comes at once.
    private const int MaxDroppedLength = 4096;

    /// <summary>The number of a socket's descriptor; 0 where sockets have none.</summary>
    public static int DescriptorOf(Socket socket) =>
        OperatingSystem.IsWindows() ? 0 : (int)socket.SafeHandle.DangerousGetHandle();

    /// <summary>Sends the answer, as far as the kernel takes it, and ends the output.</summary>
    /// <exception cref="SocketException">The client has gone.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> answer)
    {
        socket.Blocking = false;

        // A request that is there already would, unread, make the close a reset.
        _ = socket.Receive(stackalloc byte[MaxDroppedLength], SocketFlags.None, out _);
        _ = socket.Send(answer, SocketFlags.None, out _);
        socket.Shutdown(SocketShutdown.Send);
    }
}
