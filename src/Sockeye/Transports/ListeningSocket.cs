using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>A socket that listens, on TCP or at a path of the file system; the file at that path goes with it.</summary>
internal sealed class ListeningSocket : IDisposable
{
    private readonly SocketFile? _file;

    // Takes over a socket that is bound.
    private ListeningSocket(Socket socket, string? path, SocketOptions options)
    {
        LocalEndPoint = socket.LocalEndPoint!;
        bool isInherited = OperatingSystem.IsLinux() && LocalEndPoint is not UnixDomainSocketEndPoint;
        OptionsForAccepted = isInherited || options == SocketOptions.Default ? null : options;
        Socket = socket;
        if (path is not null)
        {
            // The object that was bound would delete the file by its name, once the socket is closed, and so would its
            // finalizer: that of a successor, perhaps. Another object has the same handle, and was not bound.
            _file = new SocketFile(path);
            Socket = new Socket(socket.SafeHandle);
#pragma warning disable CA1816
            GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        }
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>
    /// What has to be set on each socket that is accepted; <see langword="null"/> for nothing. Those of TCP have the options of the
    /// socket that listens, on Linux.
    /// </summary>
    public SocketOptions? OptionsForAccepted { get; }

    /// <summary>Where it listens: with the port that the system chose, if 0 was asked for.</summary>
    public EndPoint LocalEndPoint { get; }

    /// <summary>Binds and listens.</summary>
    /// <param name="endPoint">
    /// An address and a port, or a path. A socket at that path that nobody listens on any more, left by a process that
    /// had no time to clean up, is replaced.
    /// </param>
    /// <param name="backlog">How many connections may wait; the kernel caps it (net.core.somaxconn).</param>
    /// <param name="isDual">Whether the address that is all of IPv6 is all of IPv4 too.</param>
    /// <param name="options">What to set on the sockets.</param>
    /// <exception cref="SocketException">The address is not available; the message names it.</exception>
    public static ListeningSocket Bind(EndPoint endPoint, int backlog, bool isDual, SocketOptions options)
    {
        try
        {
            return BindCore(endPoint, backlog, isDual, options);
        }
        catch (SocketException exception)
        {
            throw new SocketException(
                (int)exception.SocketErrorCode, $"The server cannot listen on {endPoint}: {exception.Message}");
        }
    }

    /// <summary>Listens no more, and deletes the file.</summary>
    public void Dispose()
    {
        _file?.Delete();
        Socket.Dispose();
    }

    private static ListeningSocket BindCore(EndPoint endPoint, int backlog, bool isDual, SocketOptions options)
    {
        endPoint = IsAny(endPoint, out int port) && isDual && !Socket.OSSupportsIPv6
            ? new IPEndPoint(IPAddress.Any, port)
            : endPoint;
        ProtocolType protocol = endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        string? path = PathOf(endPoint);
        try
        {
            if (IsAny(endPoint, out _))
            {
                socket.DualMode = isDual;
            }

            if (protocol == ProtocolType.Tcp)
            {
                // Frames are written whole; waiting to fill packets would only delay them. Linux hands this on to what
                // is accepted; others are told again.
                socket.NoDelay = true;
            }

            SocketTuning.Apply(socket, options);
            if (path is not null && SocketFile.IsStale(path, endPoint))
            {
                File.Delete(path);
            }

            socket.Bind(endPoint);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var listening = new ListeningSocket(socket, path, options);
        try
        {
            listening.Socket.Listen(backlog);
            return listening;
        }
        catch
        {
            listening.Dispose();
            throw;
        }
    }

    private static bool IsAny(EndPoint endPoint, out int port)
    {
        port = (endPoint as IPEndPoint)?.Port ?? 0;
        return endPoint is IPEndPoint { Address: { } address } && address.Equals(IPAddress.IPv6Any);
    }

    // Linux's abstract names, which begin with NUL (shown as "@"), are not in the file system.
    private static string? PathOf(EndPoint endPoint) =>
        endPoint is UnixDomainSocketEndPoint && endPoint.ToString() is { Length: > 0 } path && path[0] is not ('@' or '\0')
            ? Path.GetFullPath(path)
            : null;
}
