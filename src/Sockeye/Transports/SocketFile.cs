using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>The file of a Unix socket.</summary>
internal static class SocketFile
{
    /// <summary>Whether a path leads to a socket that nobody listens on: never true of a file of another kind.</summary>
    public static bool IsStale(string path, EndPoint endPoint)
    {
        if (!MayBeSocket(path))
        {
            return false;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException exception)
        {
            // Linux refuses a connection to any file, the BSD family only one to a socket.
            return exception.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static bool MayBeSocket(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return FileStatus.IsSocket(path);
        }

        return OperatingSystem.IsWindows()
            ? File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint)
            : File.Exists(path);
    }
}
