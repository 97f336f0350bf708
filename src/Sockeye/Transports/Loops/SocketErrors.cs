using System.Net.Sockets;

namespace Sockeye.Transports.Loops;

/// <summary>Maps Linux error numbers to .NET's socket errors.</summary>
internal static class SocketErrors
{
    /// <summary>Returns the exception that <see cref="Socket"/> would throw.</summary>
    /// <param name="errno">The positive error number.</param>
    public static SocketException Exception(int errno) => errno switch
    {
        // .NET does the same: the path of a Unix socket is its address.
        Errno.NoEntry => new((int)SocketError.AddressNotAvailable),
        Errno.WrongProtocolType => new((int)SocketError.ProtocolType),
        Errno.AccessDenied => new((int)SocketError.AccessDenied),
        Errno.FileTableOverflow or Errno.TooManyOpenFiles => new((int)SocketError.TooManyOpenSockets),
        Errno.BrokenPipe => new((int)SocketError.Shutdown),
        Errno.AddressInUse => new((int)SocketError.AddressAlreadyInUse),
        Errno.AddressNotAvailable => new((int)SocketError.AddressNotAvailable),
        Errno.NetworkUnreachable => new((int)SocketError.NetworkUnreachable),
        Errno.ConnectionAborted => new((int)SocketError.ConnectionAborted),
        Errno.ConnectionReset => new((int)SocketError.ConnectionReset),
        Errno.OutOfMemory or Errno.NoBufferSpace or Errno.NoSpace => new((int)SocketError.NoBufferSpaceAvailable),
        Errno.NotConnected => new((int)SocketError.NotConnected),
        Errno.TimedOut => new((int)SocketError.TimedOut),
        Errno.ConnectionRefused => new((int)SocketError.ConnectionRefused),
        Errno.HostDown => new((int)SocketError.HostDown),
        Errno.HostUnreachable => new((int)SocketError.HostUnreachable),
        _ => new((int)SocketError.SocketError, $"The system call failed with error number {errno}."),
    };
}
