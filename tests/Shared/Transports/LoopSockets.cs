using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Connected sockets for event loops.</summary>
internal static partial class LoopSockets
{
    /// <summary>Why a test that needs an event loop does not run.</summary>
    public const string NotSupported = "Event loops are for Linux.";

    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int DuplicateCloseOnExec = 1030;
    private const int NonBlocking = 0x800;

    /// <summary>Adds a socket to a loop, by default to the next shared one.</summary>
    /// <param name="socket">
    /// Connected, and disposed of by this call. It must never have done anything asynchronous: the runtime would watch
    /// its open file too, and take events from the loop.
    /// </param>
    /// <param name="loop">The loop.</param>
    public static EventLoopTransport ToTransport(this Socket socket, EventLoop? loop = null)
    {
        Descriptor descriptor = TakeOver(socket);
        return new EventLoopTransport(
            loop ?? EventLoopGroup.Shared.Next(), descriptor, SocketAddress.OfPeer(descriptor.Number));
    }

    /// <summary>A descriptor of its own, non-blocking, for a socket, which is disposed of.</summary>
    public static Descriptor TakeOver(Socket socket)
    {
        int number = Control((int)socket.SafeHandle.DangerousGetHandle(), DuplicateCloseOnExec, 0);
        Assert.True(number >= 0, "The socket has no descriptor.");
        socket.Dispose();
        Assert.Equal(0, Control(number, SetFlags, Control(number, GetFlags, 0) | NonBlocking));
        return new Descriptor(number);
    }

    // Variadic in C, which makes no difference for integers on Linux.
    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);
}
