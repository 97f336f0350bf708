using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A listening socket, on TCP or at a path of the file system. It deletes the file at that path when it is disposed of.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    private readonly SocketFile? _file;

    // Takes ownership of a bound socket.
    private ListeningSocket(Socket socket, string? path, SocketOptions options)
    {
        LocalEndPoint = socket.LocalEndPoint!;
        bool isInherited = OperatingSystem.IsLinux() && LocalEndPoint is not UnixDomainSocketEndPoint;
        OptionsForAccepted = isInherited || options == SocketOptions.Default ? null : options;
        Socket = socket;
        if (path is not null)
        {
            // Once closed or finalized, the Socket object that was bound deletes the file by its name, which may belong to a
            // successor by then. A second object over the same handle does not, since it was not bound.
            _file = new SocketFile(path);
            Socket = new Socket(socket.SafeHandle);
#pragma warning disable CA1816
            GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        }
    }

    /// <summary>The listening socket.</summary>
    public Socket Socket { get; }

    /// <summary>
    /// The options to set on each accepted socket; <see langword="null"/> if no option has to be set. On Linux, accepted TCP
    /// sockets inherit those of the listening socket.
    /// </summary>
    public SocketOptions? OptionsForAccepted { get; }

    /// <summary>The address that the socket listens on, with the port that the system chose if port 0 was requested.</summary>
    public EndPoint LocalEndPoint { get; }

    /// <summary>Binds a socket and starts to listen.</summary>
    /// <param name="endPoint">
    /// An address and port, or a path. A stale socket at that path, left by a process that did not clean up, is replaced.
    /// </param>
    /// <param name="backlog">The maximum number of pending connections; the kernel caps it (net.core.somaxconn).</param>
    /// <param name="isDual">Whether the IPv6 wildcard address accepts IPv4 connections too.</param>
    /// <param name="options">The options to set on the sockets.</param>
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

    /// <summary>Stops listening and deletes the file.</summary>
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
                // Frames are written whole, so that Nagle's algorithm would only delay them. On Linux accepted sockets inherit
                // this; elsewhere it is set on each of them.
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

    // Linux's abstract names begin with NUL (shown as "@") and are not in the file system.
    private static string? PathOf(EndPoint endPoint) =>
        endPoint is UnixDomainSocketEndPoint && endPoint.ToString() is { Length: > 0 } path && path[0] is not ('@' or '\0')
            ? Path.GetFullPath(path)
            : null;
}
