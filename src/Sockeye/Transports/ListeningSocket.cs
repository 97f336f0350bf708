using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>A socket that listens, on TCP or at a path of the file system; the file at that path goes with it.</summary>
internal sealed class ListeningSocket : IDisposable
{
    // As many as the kernel lets wait (net.core.somaxconn caps it): a burst of clients is not turned away.
    private const int Backlog = 4096;

    private ListeningSocket(Socket socket)
    {
        Socket = socket;
        LocalEndPoint = socket.LocalEndPoint!;
    }

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>Where it listens: with the port that the system chose, if 0 was asked for.</summary>
    public EndPoint LocalEndPoint { get; }

    /// <summary>Binds and listens.</summary>
    /// <param name="endPoint">
    /// An address and a port, or a path. A socket at that path that nobody listens on any more, left by a process that
    /// had no time to clean up, is replaced.
    /// </param>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public static ListeningSocket Bind(EndPoint endPoint)
    {
        endPoint = IsAny(endPoint, out int port) && !Socket.OSSupportsIPv6 ? new IPEndPoint(IPAddress.Any, port) : endPoint;
        ProtocolType protocol = endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        try
        {
            if (IsAny(endPoint, out _))
            {
                socket.DualMode = true;
            }

            if (protocol == ProtocolType.Tcp)
            {
                // Frames are written whole; waiting to fill packets would only delay them. Linux hands this on to what
                // is accepted; others are told again.
                socket.NoDelay = true;
            }

            if (PathOf(endPoint) is { } path && SocketFile.IsStale(path, endPoint))
            {
                File.Delete(path);
            }

            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return new ListeningSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Listens no more. A socket deletes its file itself, once: a successor may be there a moment later.</summary>
    public void Dispose() => Socket.Dispose();

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
