using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>
/// The system calls that can fail while a loop runs. A seam: tests put failures and short counts in their place.
/// </summary>
/// <remarks>
/// Every method answers as the kernel does: zero or more, or the negative <see cref="Errno"/>. Calls that were
/// interrupted by a signal are made again.
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

    // Where tcp_info has tcpi_bytes_acked, since Linux 4.1.
    private const int AcknowledgedOffset = 120;

    // Where tcp_info has tcpi_last_ack_recv.
    private const int LastAcknowledgmentOffset = 56;

    /// <summary>Those of the system.</summary>
    public static SystemCalls Default { get; } = new();

    /// <summary>Reads what has arrived on a socket.</summary>
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

    /// <summary>Writes what a socket takes.</summary>
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

    /// <summary>Writes what a socket takes of two runs of bytes.</summary>
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

    /// <summary>Opens a non-blocking stream socket that sends small frames at once.</summary>
    public virtual int OpenSocket(AddressFamily family)
    {
        // The numbers of Linux; .NET's are those of Windows.
        int domain = family switch
        {
            AddressFamily.Unix => 1,
            AddressFamily.InterNetwork => 2,
            _ => 10,
        };
        int descriptor = Answer(LibC.Socket(domain, StreamSocket | CloseOnExec | NonBlocking, protocol: 0));
        if (descriptor >= 0 && family != AddressFamily.Unix)
        {
            // Frames are written whole; waiting to fill packets would only delay them.
            int on = 1;
            _ = LibC.SetOption(descriptor, LevelTcp, OptionNoDelay, &on, sizeof(int));
        }

        return descriptor;
    }

    /// <summary>Sets the length of a socket's send buffer (SO_SNDBUF).</summary>
    public virtual int SetSendBuffer(int descriptor, int length) =>
        Answer(LibC.SetOption(descriptor, LevelSocket, OptionSendBuffer, &length, sizeof(int)));

    /// <summary>Sets the length of a socket's receive buffer (SO_RCVBUF).</summary>
    public virtual int SetReceiveBuffer(int descriptor, int length) =>
        Answer(LibC.SetOption(descriptor, LevelSocket, OptionReceiveBuffer, &length, sizeof(int)));

    /// <summary>Sets how much a socket takes that it cannot send yet (TCP_NOTSENT_LOWAT).</summary>
    public virtual int SetMaxUnsent(int descriptor, int length) =>
        Answer(LibC.SetOption(descriptor, LevelTcp, OptionMaxUnsent, &length, sizeof(int)));

    /// <summary>Gives a socket its own address.</summary>
    public virtual int Bind(int descriptor, ReadOnlySpan<byte> address)
    {
        fixed (byte* start = address)
        {
            return Answer(LibC.Bind(descriptor, start, (uint)address.Length));
        }
    }

    /// <summary>Begins to connect a socket; mostly <see cref="Errno.InProgress"/>.</summary>
    public virtual int Connect(int descriptor, ReadOnlySpan<byte> address)
    {
        fixed (byte* start = address)
        {
            return Answer(LibC.Connect(descriptor, start, (uint)address.Length));
        }
    }

    /// <summary>How an attempt to connect ended: 0, or the positive <see cref="Errno"/>.</summary>
    public virtual int ConnectError(int descriptor)
    {
        int error = 0;
        uint length = sizeof(int);
        int result = Answer(LibC.GetOption(descriptor, LevelSocket, OptionError, &error, &length));
        return result < 0 ? -result : error;
    }

    /// <summary>Accepts a connection, as a non-blocking descriptor.</summary>
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

    /// <summary>Adds a descriptor to an epoll, changes what is asked of it, or removes it.</summary>
    public virtual int ControlEpoll(int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data)
    {
        byte* epollEvent = stackalloc byte[16];
        EpollEventLayout.Current.Write(new Span<byte>(epollEvent, 16), events, data);
        return Answer(LibC.EpollControl(epoll, (int)operation, descriptor, epollEvent));
    }

    /// <summary>Waits for events.</summary>
    /// <param name="epoll">The epoll.</param>
    /// <param name="events">Room for them, in the machine's <see cref="EpollEventLayout"/>.</param>
    /// <param name="timeoutMilliseconds">How long; -1 without end.</param>
    /// <returns>How many there are; 0 also if a signal came.</returns>
    public virtual int WaitEpoll(int epoll, Span<byte> events, int timeoutMilliseconds)
    {
        fixed (byte* start = events)
        {
            int result = Answer(
                LibC.EpollWait(epoll, start, events.Length / EpollEventLayout.Current.Size, timeoutMilliseconds));
            return result == -Errno.Interrupted ? 0 : result;
        }
    }

    /// <summary>Ends the output of a socket.</summary>
    public virtual int ShutdownOutput(int descriptor) => Answer(LibC.Shutdown(descriptor, ShutdownWrite));

    /// <summary>Makes the close of a socket drop what is unsent and send a reset.</summary>
    public virtual int ResetWhenClosed(int descriptor)
    {
        // struct linger { on = 1, seconds = 0 }
        int* linger = stackalloc int[] { 1, 0 };
        return Answer(LibC.SetOption(descriptor, LevelSocket, OptionLinger, linger, 2 * sizeof(int)));
    }

    /// <summary>
    /// How many bytes the kernel keeps since the peer's has not acknowledged them; for a Unix socket, since the peer has not
    /// read them. <see langword="null"/> if it does not say (SIOCOUTQ in tcp(7)).
    /// </summary>
    public virtual long? UnacknowledgedLength(int descriptor)
    {
        int length = 0;
        return LibC.Control(descriptor, QueryOutputQueue, &length) >= 0 ? length : null;
    }

    /// <summary>
    /// The low half of how many bytes the peer's kernel has acknowledged; <see langword="null"/> if it does not say: it is
    /// not TCP.
    /// </summary>
    public virtual uint? AcknowledgedLength(int descriptor) =>
        ReadTcpInformation(descriptor, AcknowledgedOffset, sizeof(ulong)) is { } length ? (uint)length : null;

    /// <summary>
    /// How long ago the peer's kernel acknowledged something, or answered a probe of its window; <see langword="null"/> if it does
    /// not say: it is not TCP.
    /// </summary>
    public virtual TimeSpan? SinceAcknowledgment(int descriptor) =>
        ReadTcpInformation(descriptor, LastAcknowledgmentOffset, sizeof(uint)) is { } milliseconds
            ? TimeSpan.FromMilliseconds((uint)milliseconds)
            : null;

    // Reads a field of struct tcp_info (tcp(7)); nothing if this kernel's has no such field, or the socket is not one of TCP.
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

    private static int Answer(int result) => result >= 0 ? result : -Marshal.GetLastSystemError();
}
