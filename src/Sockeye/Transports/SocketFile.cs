using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>The file of a Unix socket that listens.</summary>
internal sealed class SocketFile
{
    private readonly string _path;
    private readonly (ulong, ulong)? _identity;
    private int _isDeleted;

    /// <summary>Takes the file of a socket that has just been bound.</summary>
    public SocketFile(string path)
    {
        _path = path;
        _identity = OperatingSystem.IsLinux() ? FileStatus.SocketAt(path) : null;
    }

    /// <summary>
    /// Deletes the file, unless another has taken its place. Before the socket is closed: from then on a successor may think
    /// that the file was left behind, and put its own there.
    /// </summary>
    public void Delete()
    {
        if (Interlocked.Exchange(ref _isDeleted, 1) != 0
            || (_identity is not null && FileStatus.SocketAt(_path) != _identity))
        {
            return;
        }

        try
        {
            File.Delete(_path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Its folder is not this process's any more. The next server finds that nobody listens there.
        }
    }

    /// <summary>Whether a path leads to a socket that nobody listens on: never true of a file of another kind.</summary>
    public static bool IsStale(string path, EndPoint endPoint)
    {
        if (!MayBeSocket(path))
        {
            return false;
        }

        // Without waiting, since somebody may listen and not accept; on Windows, a connect that does not wait says nothing.
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            Blocking = OperatingSystem.IsWindows(),
        };
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
