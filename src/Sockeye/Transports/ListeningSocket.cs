using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>A socket that listens, on TCP or at a path of the file system; the file at that path goes with it.</summary>
internal sealed class ListeningSocket : IDisposable
{
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
    /// <param name="backlog">How many connections may wait; the kernel caps it (net.core.somaxconn).</param>
    /// <param name="isDual">Whether the address that is all of IPv6 is all of IPv4 too.</param>
    /// <exception cref="SocketException">The address cannot be had; the message names it.</exception>
    public static ListeningSocket Bind(EndPoint endPoint, int backlog, bool isDual)
    {
        try
        {
            return BindCore(endPoint, backlog, isDual);
        }
        catch (SocketException exception)
        {
            throw new SocketException(
                (int)exception.SocketErrorCode, $"The server cannot listen on {endPoint}: {exception.Message}");
        }
    }

    /// <summary>Listens no more. A socket deletes its file itself, once: a successor may be there a moment later.</summary>
    public void Dispose() => Socket.Dispose();

    private static ListeningSocket BindCore(EndPoint endPoint, int backlog, bool isDual)
    {
        endPoint = IsAny(endPoint, out int port) && isDual && !Socket.OSSupportsIPv6
            ? new IPEndPoint(IPAddress.Any, port)
            : endPoint;
        ProtocolType protocol = endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
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

            if (PathOf(endPoint) is { } path && SocketFile.IsStale(path, endPoint))
            {
                File.Delete(path);
            }

            socket.Bind(endPoint);
            socket.Listen(backlog);
            return new ListeningSocket(socket);
        }
        catch
        {
            socket.Dispose();
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
