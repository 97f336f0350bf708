using System.Net;

namespace Sockeye.Transports.Loops;

/// <summary>The writing half of an <see cref="EventLoopTransport"/>, and what both halves share.</summary>
/// <remarks>
/// Any thread may write, one at a time. On the loop's own, which most writes are on, that takes a system call and nothing
/// else; another holds the descriptor meanwhile, since the loop may close it. (Posting the bytes to the loop instead
/// would cost a copy and a wake-up of the loop, several times as much as the system call.)
/// </remarks>
internal abstract class EventLoopWriter : Transport
{
    // A peer that takes all it is sent, and threads that send without end, must not keep the loop to themselves. It is done
    // with this much in a fraction of a millisecond.
    private const int MaxWrittenPerTurn = 1024 * 1024;

    private readonly SocketAddress _peer;

    // A TransportRequests: the first of several that wait puts the transport into the loop's mailbox.
    private int _requests;

    // From now on all that is written is dropped.
    private volatile bool _dropsOutput;
    private bool _isBlocked;
    private Exception? _error;

    // How much the loop has written in which of its turns. The loop's.
    private int _writtenInTurn;
    private uint _turn;

    // The blocked write: its writer's until Write is requested, then the loop's.
    private ReadOnlyMemory<byte> _blocked;

    /// <summary>Takes over a connected, non-blocking socket.</summary>
    protected EventLoopWriter(EventLoop loop, Descriptor descriptor, in SocketAddress peer)
    {
        Loop = loop;
        Descriptor = descriptor;
        _peer = peer;
    }

    /// <inheritdoc/>
    /// <remarks><see langword="null"/> once the transport is gone: the kernel is asked for it each time.</remarks>
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
    public sealed override long? UnacknowledgedLength =>
        Ask(static (calls, descriptor) => calls.UnacknowledgedLength(descriptor));

    /// <inheritdoc/>
    public sealed override uint? AcknowledgedLength =>
        Ask(static (calls, descriptor) => calls.AcknowledgedLength(descriptor));

    /// <inheritdoc/>
    public sealed override TimeSpan? SinceAcknowledgment =>
        Ask(static (calls, descriptor) => calls.SinceAcknowledgment(descriptor));

    /// <summary>The address of the peer, as the kernel has written it.</summary>
    public ref readonly SocketAddress Peer => ref _peer;

    /// <summary>The loop that reads, and closes the descriptor.</summary>
    public EventLoop Loop { get; }

    /// <summary>The socket.</summary>
    protected Descriptor Descriptor { get; }

    /// <summary>What went wrong first, if something did.</summary>
    protected Exception? Error => Volatile.Read(ref _error);

    /// <summary>Whether nothing is written any more.</summary>
    protected bool DropsOutput => _dropsOutput;

    /// <summary>Whether a write waits for the kernel. On the loop.</summary>
    protected bool IsBlocked => _isBlocked;

    /// <summary>Whether <see cref="Abort"/> was called, and is about to be carried out.</summary>
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
            return HasHadItsTurn() ? 0 : NoteWritten(Taken(Loop.Calls.Send(Descriptor.Number, bytes), bytes.Length));
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
            return HasHadItsTurn() ? 0 : NoteWritten(Taken(Loop.Calls.Send(Descriptor.Number, first, second), length));
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

        // All of it is the loop's: another thread might be about to write when the loop lets go of the transport, and
        // with it of the memory. The kernel, which has mostly said just now that it takes no more, tells once when it
        // does again; should it have told already, the loop's first attempt finds that out.
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

    /// <summary>Has the loop do something, soon and not in place. Any thread.</summary>
    protected void Request(TransportRequests request)
    {
        if (Interlocked.Or(ref _requests, (int)request) == 0)
        {
            Post();
        }
    }

    /// <summary>Puts the transport into the loop's mailbox.</summary>
    protected abstract void Post();

    /// <summary>Takes what was requested. On the loop.</summary>
    protected TransportRequests TakeRequests() => (TransportRequests)Interlocked.Exchange(ref _requests, 0);

    /// <summary>Begins the write that was requested. On the loop.</summary>
    protected void BeginWrite()
    {
        _isBlocked = true;
        WriteBlocked();
    }

    /// <summary>Writes on, since the kernel may take more. On the loop.</summary>
    protected void WriteBlocked()
    {
        while (!_dropsOutput)
        {
            int taken = TryWrite(_blocked.Span);
            if (taken == 0)
            {
                if (HasHadItsTurn())
                {
                    // The kernel was not asked, and will not tell.
                    Request(TransportRequests.GoOnWriting);
                }

                return;
            }

            _blocked = _blocked[taken..];
            if (_blocked.IsEmpty)
            {
                break;
            }
        }

        GiveUpBlocked();
        if (!_dropsOutput)
        {
            Sink.OnWritten();
        }
    }

    /// <summary>Tells that the output has failed. On the loop.</summary>
    protected void TellOutputFailed()
    {
        GiveUpBlocked();
        Sink.OnOutputFailed(_error!);
    }

    /// <summary>Writes no more, now that the descriptor is about to be closed. On the loop.</summary>
    protected void EndOutput()
    {
        _dropsOutput = true;
        GiveUpBlocked();
    }

    private bool HasHadItsTurn()
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

    private void GiveUpBlocked()
    {
        _isBlocked = false;
        _blocked = default;
    }

    // Asks the kernel about the socket, on any thread; nothing once the descriptor is closed.
    private T? Ask<T>(Func<SystemCalls, int, T?> ask)
        where T : struct
    {
        if (!Descriptor.TryHold())
        {
            return null;
        }

        T? answer = ask(Loop.Calls, Descriptor.Number);
        Descriptor.DangerousRelease();
        return answer;
    }

    // How many of the bytes the transport has taken, by what the system call answered.
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

    // A peer that has reset the connection may have sent something before, which is still to be read: reading ends by
    // itself, or the sink ends it when it has waited long enough.
    private void FailOutput(int errno)
    {
        if (!_dropsOutput)
        {
            Interlocked.CompareExchange(ref _error, SocketErrors.Exception(errno), null);
            _dropsOutput = true;
            Request(TransportRequests.TellOutputFailed);
        }
    }
}
