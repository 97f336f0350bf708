using System.Net;

namespace Sockeye.Transports.Loops;

/// <summary>The writing half of an <see cref="EventLoopTransport"/>, and the state that both halves share.</summary>
/// <remarks>
/// Any thread may write, one at a time. On the loop's thread, where most writes are made, a write is a single system call. Any
/// other thread holds a reference to the descriptor meanwhile, since the loop may close it. (Posting the bytes to the loop
/// instead would cost a copy and a wake-up, several times as much as the system call.)
/// </remarks>
internal abstract class EventLoopWriter : Transport
{
    // A peer that reads everything, or a thread that sends without pause, must not occupy the loop. Writing this much takes a
    // fraction of a millisecond.
    private const int MaxWrittenPerTurn = 1024 * 1024;

    private readonly SocketAddress _peer;

    // A TransportRequests. The first pending request posts the transport to the loop's mailbox.
    private int _requests;

    // Whether writes are discarded from now on.
    private volatile bool _dropsOutput;
    private bool _isBlocked;
    private Exception? _error;

    // How many bytes the loop wrote in which turn. Used by the loop only.
    private int _writtenInTurn;
    private uint _turn;

    // The pending write: owned by the writer until Write is requested, by the loop afterwards.
    private ReadOnlyMemory<byte> _blocked;

    /// <summary>Takes ownership of a connected, non-blocking socket.</summary>
    protected EventLoopWriter(EventLoop loop, Descriptor descriptor, in SocketAddress peer)
    {
        Loop = loop;
        Descriptor = descriptor;
        _peer = peer;
    }

    /// <inheritdoc/>
    /// <remarks>Queried from the kernel each time; <see langword="null"/> after the transport has ended.</remarks>
    public sealed override EndPoint? LocalEndPoint
    {
        get
        {
            if (!Descriptor.TryHold())
            {
                return null;
            }

            SocketAddress address = SocketAddress.OfSocket(Descriptor.Number);
            Descriptor.DangerousRelease();
            return address.ToEndPoint();
        }
    }

    /// <inheritdoc/>
    public sealed override EndPoint? RemoteEndPoint => _peer.ToEndPoint();

    /// <inheritdoc/>
    public sealed override NetworkTransport Network => _peer.IsInternet ? NetworkTransport.Tcp : NetworkTransport.Unix;

    /// <inheritdoc/>
    public sealed override long? UnacknowledgedLength =>
        Ask(static (calls, descriptor) => calls.UnacknowledgedLength(descriptor));

    /// <inheritdoc/>
    public sealed override uint? AcknowledgedLength =>
        Ask(static (calls, descriptor) => calls.AcknowledgedLength(descriptor));

    /// <inheritdoc/>
    public sealed override TimeSpan? SinceAcknowledgment =>
        Ask(static (calls, descriptor) => calls.SinceAcknowledgment(descriptor));

    /// <summary>The address of the peer, as the kernel returned it.</summary>
    public ref readonly SocketAddress Peer => ref _peer;

    /// <summary>The loop that reads from the descriptor and closes it.</summary>
    public EventLoop Loop { get; }

    /// <summary>The socket.</summary>
    protected Descriptor Descriptor { get; }

    /// <summary>The first error, if any.</summary>
    protected Exception? Error => Volatile.Read(ref _error);

    /// <summary>Whether writes are discarded.</summary>
    protected bool DropsOutput => _dropsOutput;

    /// <summary>Whether a write is pending. Loop thread only.</summary>
    protected bool IsBlocked => _isBlocked;

    /// <summary>Whether <see cref="Abort"/> was called and is about to be executed.</summary>
    protected bool IsAborted => ((TransportRequests)Volatile.Read(ref _requests) & TransportRequests.Abort) != 0;

    /// <inheritdoc/>
    public sealed override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (_dropsOutput)
        {
            return bytes.Length;
        }

        if (Loop.IsCurrent)
        {
            return HasUsedUpTurn() ? 0 : NoteWritten(Taken(Loop.Calls.Send(Descriptor.Number, bytes), bytes.Length));
        }

        if (!Descriptor.TryHold())
        {
            return bytes.Length;
        }

        int result = Loop.Calls.Send(Descriptor.Number, bytes);
        Descriptor.DangerousRelease();
        return Taken(result, bytes.Length);
    }

    /// <inheritdoc/>
    public sealed override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        if (_dropsOutput)
        {
            return length;
        }

        if (Loop.IsCurrent)
        {
            return HasUsedUpTurn() ? 0 : NoteWritten(Taken(Loop.Calls.Send(Descriptor.Number, first, second), length));
        }

        if (!Descriptor.TryHold())
        {
            return length;
        }

        int result = Loop.Calls.Send(Descriptor.Number, first, second);
        Descriptor.DangerousRelease();
        return Taken(result, length);
    }

    /// <inheritdoc/>
    public sealed override bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (_dropsOutput || bytes.IsEmpty)
        {
            return true;
        }

        // The loop does the whole write: if this thread wrote, the loop might end the transport, and release its memory, at the
        // same time. The kernel, which has usually just refused to take more, reports once when it accepts data again; if it has
        // done so already, the loop's first attempt succeeds.
        _blocked = bytes;
        Request(TransportRequests.Write);
        return false;
    }

    /// <inheritdoc/>
    public sealed override void ShutdownOutput()
    {
        if (!_dropsOutput && Descriptor.TryHold())
        {
            int result = Loop.Calls.ShutdownOutput(Descriptor.Number);
            Descriptor.DangerousRelease();
            if (result < 0)
            {
                FailOutput(-result);
            }
        }
    }

    /// <inheritdoc/>
    public sealed override void Abort(Exception? error)
    {
        Interlocked.CompareExchange(ref _error, error, null);
        _dropsOutput = true;
        Request(TransportRequests.Abort);
    }

    /// <summary>Schedules work on the loop, never in place. Any thread.</summary>
    protected void Request(TransportRequests request)
    {
        if (Interlocked.Or(ref _requests, (int)request) == 0)
        {
            Post();
        }
    }

    /// <summary>Posts the transport to the loop's mailbox.</summary>
    protected abstract void Post();

    /// <summary>Takes the pending requests. Loop thread only.</summary>
    protected TransportRequests TakeRequests() => (TransportRequests)Interlocked.Exchange(ref _requests, 0);

    /// <summary>Begins the write that was requested. Loop thread only.</summary>
    protected void BeginWrite()
    {
        _isBlocked = true;
        WriteBlocked();
    }

    /// <summary>Continues the pending write. Loop thread only.</summary>
    protected void WriteBlocked()
    {
        while (!_dropsOutput)
        {
            int taken = TryWrite(_blocked.Span);
            if (taken == 0)
            {
                if (HasUsedUpTurn())
                {
                    // The kernel was not asked, so it will not report when it accepts more.
                    Request(TransportRequests.ContinueWriting);
                }

                return;
            }

            _blocked = _blocked[taken..];
            if (_blocked.IsEmpty)
            {
                break;
            }
        }

        DropBlocked();
        if (!_dropsOutput)
        {
            Sink.OnWritten();
        }
    }

    /// <summary>Reports that the output has failed. Loop thread only.</summary>
    protected void ReportOutputFailed()
    {
        DropBlocked();
        Sink.OnOutputFailed(_error!);
    }

    /// <summary>Ends the output, because the descriptor is about to be closed. Loop thread only.</summary>
    protected void EndOutput()
    {
        _dropsOutput = true;
        DropBlocked();
    }

    private bool HasUsedUpTurn()
    {
        if (_turn != Loop.Turn)
        {
            _turn = Loop.Turn;
            _writtenInTurn = 0;
        }

        return _writtenInTurn >= MaxWrittenPerTurn;
    }

    private int NoteWritten(int taken)
    {
        _writtenInTurn += taken;
        return taken;
    }

    private void DropBlocked()
    {
        _isBlocked = false;
        _blocked = default;
    }

    // Queries the kernel for a property of the socket, on any thread. Null once the descriptor is closed.
    private T? Ask<T>(Func<SystemCalls, int, T?> ask)
        where T : struct
    {
        if (!Descriptor.TryHold())
        {
            return null;
        }

        T? result = ask(Loop.Calls, Descriptor.Number);
        Descriptor.DangerousRelease();
        return result;
    }

    // Converts the result of a system call to the number of bytes taken.
    private int Taken(int result, int length)
    {
        if (result >= 0)
        {
            return result;
        }

        if (result == -Errno.WouldBlock)
        {
            return 0;
        }

        FailOutput(-result);
        return length;
    }

    // A peer that reset the connection may have sent something before, which is still to be read. Reading then ends on its own,
    // or the sink ends it after a timeout.
    private void FailOutput(int errno)
    {
        if (!_dropsOutput)
        {
            Interlocked.CompareExchange(ref _error, SocketErrors.Exception(errno), null);
            _dropsOutput = true;
            Request(TransportRequests.ReportOutputFailed);
        }
    }
}
