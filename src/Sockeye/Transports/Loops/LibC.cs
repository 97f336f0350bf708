using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>The functions of the C library that event loops use. Linux only.</summary>
/// <remarks>
/// All arguments except paths are blittable, so that a call costs a transition of a few nanoseconds. The runtime resolves "libc"
/// to the C library that it runs on itself, glibc or musl. After a failed call, <see cref="Marshal.GetLastSystemError"/> returns
/// the error number: the runtime preserves errno across the transition.
/// </remarks>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "epoll_create1")]
    public static partial int EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    public static partial int EpollControl(int epoll, int operation, int descriptor, void* epollEvent);

    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    public static partial int EpollWait(int epoll, void* events, int maxEvents, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd")]
    public static partial int EventFd(uint initialValue, int flags);

    [LibraryImport(Library, EntryPoint = "write")]
    public static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "socket")]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "socketpair")]
    public static partial int SocketPair(int domain, int type, int protocol, int* descriptors);

    [LibraryImport(Library, EntryPoint = "connect")]
    public static partial int Connect(int descriptor, void* address, uint addressLength);

    [LibraryImport(Library, EntryPoint = "bind")]
    public static partial int Bind(int descriptor, void* address, uint addressLength);

    [LibraryImport(Library, EntryPoint = "accept4")]
    public static partial int Accept(int descriptor, void* address, uint* addressLength, int flags);

    [LibraryImport(Library, EntryPoint = "recv")]
    public static partial nint Receive(int descriptor, void* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    public static partial nint Send(int descriptor, void* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg")]
    public static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "shutdown")]
    public static partial int Shutdown(int descriptor, int how);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    public static partial int SetOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "getsockopt")]
    public static partial int GetOption(int descriptor, int level, int name, void* value, uint* length);

    [LibraryImport(Library, EntryPoint = "ioctl")]
    public static partial int Control(int descriptor, nuint request, int* value);

    [LibraryImport(Library, EntryPoint = "getsockname")]
    public static partial int GetName(int descriptor, void* address, uint* length);

    [LibraryImport(Library, EntryPoint = "getpeername")]
    public static partial int GetPeerName(int descriptor, void* address, uint* length);

    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetFileStatus(int folder, string path, int flags, uint mask, void* status);

    /// <summary>Creates two non-blocking Unix sockets that are connected to each other.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system has no descriptors left.</exception>
    public static (int First, int Second) OpenSocketPair()
    {
        const int UnixDomain = 1;
        const int StreamType = 1;
        const int CloseOnExec = 0x80000;
        const int NonBlocking = 0x800;
        int* pair = stackalloc int[2];
        return SocketPair(UnixDomain, StreamType | CloseOnExec | NonBlocking, protocol: 0, pair) < 0
            ? throw SocketErrors.Exception(Marshal.GetLastSystemError())
            : (pair[0], pair[1]);
    }

    /// <summary>One buffer of a <c>sendmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public void* Start;
        public nuint Length;
    }

    /// <summary>
    /// The <c>msghdr</c> of Linux. glibc declares the two lengths as 64 bits, like the kernel; musl declares them as 32 bits with
    /// padding that must be zero. For the values used here, zero and less than 2³¹, the layouts are the same.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
