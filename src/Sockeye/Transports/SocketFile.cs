using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>The file of a listening Unix socket.</summary>
internal sealed class SocketFile
{
    private readonly string _path;
    private readonly (ulong, ulong)? _identity;
    private int _isDeleted;

    /// <summary>Records the file of a socket that has just been bound.</summary>
    public SocketFile(string path)
    {
        _path = path;
        _identity = OperatingSystem.IsLinux() ? FileStatus.SocketAt(path) : null;
    }

    /// <summary>
    /// Deletes the file, unless another one has taken its place. Must be called before the socket is closed: after that, a
    /// successor may consider the file stale and replace it.
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
            // This process may no longer write to the folder. The next server will find the file stale and replace it.
        }
    }

    /// <summary>
    /// Whether the file at a path is a socket that no process listens on; <see langword="false"/> for any other kind of file.
    /// </summary>
    public static bool IsStale(string path, EndPoint endPoint)
    {
        if (!MayBeSocket(path))
        {
            return false;
        }

        // Non-blocking, since a listener may exist that does not accept. On Windows, a non-blocking connect gives no result.
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
            // Linux refuses a connection to any file, BSD systems only to a socket.
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
