using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports;

/// <summary>Applies a user's <see cref="SocketOptions"/> to a .NET socket or to an event loop's descriptor.</summary>
internal static class SocketTuning
{
    private const int LevelTcp = 6;

    // The number of TCP_NOTSENT_LOWAT.
    private const int UnsentOnLinux = 25;
    private const int UnsentOnMacOS = 0x201;

    /// <summary>Sets the options on a socket. TCP options are set on TCP sockets only.</summary>
    /// <exception cref="SocketException">The system rejects a value.</exception>
    public static void Apply(Socket socket, SocketOptions options)
    {
        // The receive buffer comes first: TCP derives the window that it announces from it when it connects or listens.
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

    /// <summary>Sets the options on a descriptor. Linux only.</summary>
    /// <exception cref="SocketException">The system rejects a value.</exception>
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
