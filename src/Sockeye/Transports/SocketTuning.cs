using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>Sets the options of a user on a socket, whether it is .NET's or a descriptor of an event loop.</summary>
internal static class SocketTuning
{
    private const int LevelTcp = 6;

    // TCP_NOTSENT_LOWAT.
    private const int UnsentOnLinux = 25;
    private const int UnsentOnMacOS = 0x201;

    /// <summary>Sets the options; those of TCP on sockets of TCP alone.</summary>
    /// <exception cref="SocketException">The system does not accept a value.</exception>
    public static void Apply(Socket socket, SocketOptions options)
    {
        // The receive buffer first: the window that TCP announces when it connects or listens depends on it.
        if (options.ReceiveBufferLength is { } receive)
        {
            socket.ReceiveBufferSize = receive;
        }

        if (options.SendBufferLength is { } send)
        {
            socket.SendBufferSize = send;
        }

        if (options.MaxUnsentLength is { } unsent && socket.ProtocolType == ProtocolType.Tcp && UnsentOption is { } option)
        {
            socket.SetRawSocketOption(LevelTcp, option, BitConverter.GetBytes(unsent));
        }
    }

    /// <summary>Sets the options on a descriptor, on Linux.</summary>
    /// <exception cref="SocketException">The system does not accept a value.</exception>
    public static void Apply(SystemCalls calls, int descriptor, SocketOptions options, bool isTcp)
    {
        if (options.ReceiveBufferLength is { } receive)
        {
            Require(calls.SetReceiveBuffer(descriptor, receive));
        }

        if (options.SendBufferLength is { } send)
        {
            Require(calls.SetSendBuffer(descriptor, send));
        }

        if (options.MaxUnsentLength is { } unsent && isTcp)
        {
            Require(calls.SetMaxUnsent(descriptor, unsent));
        }
    }

    private static int? UnsentOption =>
        OperatingSystem.IsLinux() ? UnsentOnLinux : OperatingSystem.IsMacOS() ? UnsentOnMacOS : null;

    private static void Require(int result)
    {
        if (result < 0)
        {
            throw SocketErrors.Exception(-result);
        }
    }
}
