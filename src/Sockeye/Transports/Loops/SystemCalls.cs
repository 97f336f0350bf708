using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>The system calls that can fail while a loop runs. Tests override them to inject errors and short counts.</summary>
/// <remarks>
/// Unless stated otherwise, a method returns what the kernel does: zero or more, or the negative <see cref="Errno"/>. Calls that
/// a signal interrupted are repeated.
/// </remarks>
internal unsafe class SystemCalls
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int NoSignal = 0x4000;
    private const int ShutdownWrite = 1;
    private const int StreamSocket = 1;
    private const int LevelSocket = 1;
    private const int LevelTcp = 6;
    private const int OptionNoDelay = 1;
    private const int OptionMaxUnsent = 25;
    private const int OptionError = 4;
    private const int OptionSendBuffer = 7;
    private const int OptionReceiveBuffer = 8;
    private const int OptionLinger = 13;
    private const int OptionTcpInformation = 11;
    private const int QueryOutputQueue = 0x5411;

    // The offset of tcpi_bytes_acked in tcp_info, since Linux 4.1.
    private const int AcknowledgedOffset = 120;

    // The offset of tcpi_last_ack_recv in tcp_info.
    private const int LastAcknowledgmentOffset = 56;

    /// <summary>The system's real calls.</summary>
    public static SystemCalls Default { get; } = new();

    /// <summary>Reads the bytes that have arrived on a socket.</summary>
    public virtual int Receive(int descriptor, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint result = LibC.Receive(descriptor, start, (nuint)buffer.Length, flags: 0);
                if (result >= 0)
                {
                    return (int)result;
                }

                int error = Marshal.GetLastSystemError();
                if (error != Errno.Interrupted)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>Writes as many bytes as a socket accepts.</summary>
    public virtual int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                nint result = LibC.Send(descriptor, start, (nuint)bytes.Length, NoSignal);
                if (result >= 0)
                {
                    return (int)result;
                }

                int error = Marshal.GetLastSystemError();
                if (error != Errno.Interrupted)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>Writes as many bytes of two spans as a socket accepts.</summary>
    public virtual int Send(int descriptor, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        fixed (byte* firstStart = first, secondStart = second)
        {
            LibC.Vector* vectors = stackalloc LibC.Vector[2];
            vectors[0] = new LibC.Vector { Start = firstStart, Length = (nuint)first.Length };
            vectors[1] = new LibC.Vector { Start = secondStart, Length = (nuint)second.Length };
            LibC.MessageHeader message = new() { Vectors = vectors, VectorCount = 2 };
            while (true)
            {
                nint result = LibC.SendMessage(descriptor, &message, NoSignal);
                if (result >= 0)
                {
                    return (int)result;
                }

                int error = Marshal.GetLastSystemError();
                if (error != Errno.Interrupted)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>Opens a non-blocking stream socket without Nagle's algorithm.</summary>
    public virtual int OpenSocket(AddressFamily family)
    {
        // Linux's numbers; .NET's are those of Windows.
        int domain = family switch
        {
            AddressFamily.Unix => 1,
            AddressFamily.InterNetwork => 2,
            _ => 10,
        };
        int descriptor = ResultOf(LibC.Socket(domain, StreamSocket | CloseOnExec | NonBlocking, protocol: 0));
        if (descriptor >= 0 && family != AddressFamily.Unix)
        {
            // Frames are written whole, so that Nagle's algorithm would only delay them.
            int on = 1;
            _ = LibC.SetOption(descriptor, LevelTcp, OptionNoDelay, &on, sizeof(int));
        }

        return descriptor;
    }

    /// <summary>Sets the length of a socket's send buffer (SO_SNDBUF).</summary>
    public virtual int SetSendBuffer(int descriptor, int length) =>
        ResultOf(LibC.SetOption(descriptor, LevelSocket, OptionSendBuffer, &length, sizeof(int)));

    /// <summary>Sets the length of a socket's receive buffer (SO_RCVBUF).</summary>
    public virtual int SetReceiveBuffer(int descriptor, int length) =>
        ResultOf(LibC.SetOption(descriptor, LevelSocket, OptionReceiveBuffer, &length, sizeof(int)));

    /// <summary>Sets how many bytes a socket accepts before it can send them (TCP_NOTSENT_LOWAT).</summary>
    public virtual int SetMaxUnsent(int descriptor, int length) =>
        ResultOf(LibC.SetOption(descriptor, LevelTcp, OptionMaxUnsent, &length, sizeof(int)));

    /// <summary>Binds a socket to a local address.</summary>
    public virtual int Bind(int descriptor, ReadOnlySpan<byte> address)
    {
        fixed (byte* start = address)
        {
            return ResultOf(LibC.Bind(descriptor, start, (uint)address.Length));
        }
    }

    /// <summary>Starts to connect a socket; usually returns <see cref="Errno.InProgress"/>.</summary>
    public virtual int Connect(int descriptor, ReadOnlySpan<byte> address)
    {
        fixed (byte* start = address)
        {
            return ResultOf(LibC.Connect(descriptor, start, (uint)address.Length));
        }
    }

    /// <summary>Returns the result of an attempt to connect: 0, or the positive <see cref="Errno"/>.</summary>
    public virtual int ConnectError(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        int result = ResultOf(LibC.GetOption(descriptor, LevelSocket, OptionError, &error, &length));
        return result < 0 ? -result : error;
    }

    /// <summary>Accepts a connection as a non-blocking descriptor.</summary>
    public virtual int Accept(int listener, out SocketAddress peer)
    {
        SocketAddress address = default;
        while (true)
        {
            uint length = SocketAddress.Size;
            int result = LibC.Accept(listener, &address, &length, CloseOnExec | NonBlocking);
            if (result >= 0)
            {
                peer = address;
                return result;
            }

            int error = Marshal.GetLastSystemError();
            if (error != Errno.Interrupted)
            {
                peer = default;
                return -error;
            }
        }
    }

    /// <summary>Adds a descriptor to an epoll, changes its events, or removes it.</summary>
    public virtual int ControlEpoll(int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data)
    {
        byte* epollEvent = stackalloc byte[16];
        EpollEventLayout.Current.Write(new Span<byte>(epollEvent, 16), events, data);
        return ResultOf(LibC.EpollControl(epoll, (int)operation, descriptor, epollEvent));
    }

    /// <summary>Waits for events.</summary>
    /// <param name="epoll">The epoll.</param>
    /// <param name="events">The buffer for the events, in the machine's <see cref="EpollEventLayout"/>.</param>
    /// <param name="timeoutMilliseconds">The timeout in milliseconds; -1 for none.</param>
    /// <returns>The number of events; 0 also after a signal.</returns>
    public virtual int WaitEpoll(int epoll, Span<byte> events, int timeoutMilliseconds)
    {
        fixed (byte* start = events)
        {
            int result = ResultOf(
                LibC.EpollWait(epoll, start, events.Length / EpollEventLayout.Current.Size, timeoutMilliseconds));
            return result == -Errno.Interrupted ? 0 : result;
        }
    }

    /// <summary>Ends the output of a socket.</summary>
    public virtual int ShutdownOutput(int descriptor) => ResultOf(LibC.Shutdown(descriptor, ShutdownWrite));

    /// <summary>Makes closing a socket discard unsent bytes and send a reset.</summary>
    public virtual int ResetWhenClosed(int descriptor)
    {
        // struct linger { on = 1, seconds = 0 }
        int* linger = stackalloc int[] { 1, 0 };
        return ResultOf(LibC.SetOption(descriptor, LevelSocket, OptionLinger, linger, 2 * sizeof(int)));
    }

    /// <summary>
    /// Returns how many bytes the kernel keeps because the peer's kernel has not acknowledged them, or, for a Unix socket,
    /// because the peer has not read them (SIOCOUTQ in tcp(7)). <see langword="null"/> if unknown.
    /// </summary>
    public virtual long? UnacknowledgedLength(int descriptor)
    {
        int length = 0;
        return LibC.Control(descriptor, QueryOutputQueue, &length) >= 0 ? length : null;
    }

    /// <summary>
    /// Returns the low 32 bits of the number of bytes that the peer's kernel has acknowledged; <see langword="null"/> if unknown,
    /// as for any socket but TCP.
    /// </summary>
    public virtual uint? AcknowledgedLength(int descriptor) =>
        ReadTcpInformation(descriptor, AcknowledgedOffset, sizeof(ulong)) is { } length ? (uint)length : null;

    /// <summary>
    /// Returns the time since the peer's kernel last acknowledged data or a window probe; <see langword="null"/> if unknown, as
    /// for any socket but TCP.
    /// </summary>
    public virtual TimeSpan? SinceAcknowledgment(int descriptor) =>
        ReadTcpInformation(descriptor, LastAcknowledgmentOffset, sizeof(uint)) is { } milliseconds
            ? TimeSpan.FromMilliseconds((uint)milliseconds)
            : null;

    // Reads a field of struct tcp_info (tcp(7)). Null if this kernel's version lacks the field, or the socket is not TCP.
    private static ulong? ReadTcpInformation(int descriptor, int offset, int size)
    {
        byte* information = stackalloc byte[AcknowledgedOffset + sizeof(ulong)];
        uint length = AcknowledgedOffset + sizeof(ulong);
        int result = LibC.GetOption(descriptor, LevelTcp, OptionTcpInformation, information, &length);
        if (result < 0 || length < offset + size)
        {
            return null;
        }

        return size == sizeof(ulong) ? *(ulong*)(information + offset) : *(uint*)(information + offset);
    }

    private static int ResultOf(int result) => result >= 0 ? result : -Marshal.GetLastSystemError();
}
