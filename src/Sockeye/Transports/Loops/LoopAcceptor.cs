using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>Accepts connections on one loop of a group and distributes them among all of its loops.</summary>
/// <remarks>
/// Each loop of the group has an acceptor on the same listening socket, so that the other loops keep accepting while one is stuck
/// in a handler. The kernel wakes one of the waiting loops.
/// </remarks>
internal sealed class LoopAcceptor : Deadline, IEventLoopSource
{
    // Each connection wakes one loop, not all.
    private const EpollEvents Watched = EpollEvents.In | EpollEvents.Exclusive;

    // A flood of connections must not starve the loop's existing ones.
    private const int MaxAcceptsPerTurn = 64;

    private readonly EventLoopGroup _loops;
    private readonly EventLoop _loop;
    private readonly IAcceptorOwner _owner;
    private readonly SocketOptions? _optionsForAccepted;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _descriptor;
    private ulong _number;
    private bool _isWatched;
    private int _isPosted;
    private volatile bool _isStopping;

    /// <summary>Creates an acceptor, which accepts nothing before <see cref="Start"/>.</summary>
    /// <param name="loops">The loops that connections are distributed among.</param>
    /// <param name="loop">The loop that accepts.</param>
    /// <param name="listener">A listening socket. Its owner closes it after <see cref="StopAsync"/>.</param>
    /// <param name="owner">Receives each connection.</param>
    public LoopAcceptor(EventLoopGroup loops, EventLoop loop, ListeningSocket listener, IAcceptorOwner owner)
    {
        _loops = loops;
        _loop = loop;
        _owner = owner;
        _optionsForAccepted = listener.OptionsForAccepted;
        listener.Socket.Blocking = false;
        _descriptor = (int)listener.Socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>Starts accepting.</summary>
    public void Start() => Resume();

    /// <summary>
    /// Accepts pending connections: after the owner stopped accepting, or because the loop that was woken for them is stuck
    /// in a call.
    /// </summary>
    public void Resume()
    {
        // Posted once at a time, since this loop may be the stuck one.
        if (Interlocked.Exchange(ref _isPosted, 1) == 0)
        {
            _loop.Post(this);
        }
    }

    /// <summary>Stops accepting.</summary>
    /// <returns>
    /// A task that completes when the loop no longer watches the socket; never, if the loop is stuck in a handler.
    /// </returns>
    public Task StopAsync()
    {
        _isStopping = true;
        Resume();
        return _stopped.Task;
    }

    /// <inheritdoc/>
    public void OnPosted()
    {
        Interlocked.Exchange(ref _isPosted, 0);
        if (_isStopping)
        {
            Stop();
        }
        else if (!_isWatched)
        {
            // Level-triggered: what one turn leaves, the next one accepts.
            int result = _loop.Add(_descriptor, Watched, this, out _number);
            _isWatched = result >= 0;
            BackOffOnError(result);
        }
        else
        {
            OnEvents(EpollEvents.In);
        }
    }

    /// <inheritdoc/>
    public void OnEvents(EpollEvents events)
    {
        for (int count = 0; count < MaxAcceptsPerTurn && !_isStopping; count++)
        {
            if (!_owner.CanAccept)
            {
                Unwatch();
                return;
            }

            int result = _loop.Calls.Accept(_descriptor, out SocketAddress peer);
            if (result < 0)
            {
                if (ConcernsOneConnection(-result))
                {
                    continue;
                }

                BackOffOnError(result);
                return;
            }

            Accept(new Descriptor(result), peer);
        }
    }

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration)
    {
        // An acceptor runs no application code, so there is nothing to report.
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel) => Resume();

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _owner.OnAcceptFailed(exception);

    private void Accept(Descriptor descriptor, in SocketAddress peer)
    {
        try
        {
            if (_owner.MustRefuse(descriptor.Number, peer, out ReadOnlyMemory<byte> response))
            {
                Reject(descriptor, response.Span);
                return;
            }

            if (_optionsForAccepted is { } options)
            {
                SocketTuning.Apply(_loop.Calls, descriptor.Number, options, isTcp: false);
            }

            _owner.OnAccepted(new EventLoopTransport(_loops.Next(), descriptor, peer));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    // If anything here fails, the client sees an end or a reset instead of the response.
    private void Reject(Descriptor descriptor, ReadOnlySpan<byte> response)
    {
        // If a request that has already arrived stayed unread, closing would reset the connection.
        _ = _loop.Calls.Receive(descriptor.Number, _loop.ReceiveBuffer);
        _ = _loop.Calls.Send(descriptor.Number, response);
        _ = _loop.Calls.ShutdownOutput(descriptor.Number);
        _owner.OnRefused(descriptor);
    }

    // accept(2): these errors concern the connection about to be accepted only; the next one may succeed.
    private static bool ConcernsOneConnection(int errno) => errno is
        Errno.ConnectionAborted or Errno.Protocol or Errno.NotPermitted or Errno.NoNetwork or Errno.OptionNotAvailable
        or Errno.NotSupported or Errno.NetworkDown or Errno.NetworkUnreachable or Errno.HostDown
        or Errno.HostUnreachable;

    // When descriptors or memory are exhausted, the next attempt would fail too, and retrying at once would only keep the loop
    // busy.
    private void BackOffOnError(int result)
    {
        if (result >= 0 || result == -Errno.WouldBlock || _isStopping)
        {
            return;
        }

        _owner.OnAcceptFailed(SocketErrors.Exception(-result));
        Unwatch();
        _loop.Wheel.Schedule(this, _owner.AcceptRetryDelay);
    }

    private void Stop()
    {
        if (_stopped.Task.IsCompleted)
        {
            return;
        }

        _loop.Wheel.Cancel(this);
        Unwatch();
        _stopped.SetResult();
    }

    private void Unwatch()
    {
        if (_isWatched)
        {
            _isWatched = false;
            _ = _loop.Unwatch(_descriptor, _number);
        }
    }
}
