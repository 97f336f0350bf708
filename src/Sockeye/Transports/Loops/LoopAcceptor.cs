using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>Accepts connections on a loop of a group, and hands them to each loop in turn.</summary>
/// <remarks>
/// Each loop of the group has an acceptor on the same listening socket, so that the other loops go on accepting while one is stuck in
/// a handler. The kernel wakes one of the loops that wait.
/// </remarks>
internal sealed class LoopAcceptor : Deadline, IEventLoopSource
{
    // Each connection wakes one loop, not all.
    private const EpollEvents Watched = EpollEvents.In | EpollEvents.Exclusive;

    // A storm of connections must not keep the loop from those it has.
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

    /// <summary>Nothing is accepted before <see cref="Start"/>.</summary>
    /// <param name="loops">Among which connections are spread.</param>
    /// <param name="loop">The one that accepts.</param>
    /// <param name="listener">A socket that listens: its owner's, who closes it after <see cref="StopAsync"/>.</param>
    /// <param name="owner">Told of each connection.</param>
    public LoopAcceptor(EventLoopGroup loops, EventLoop loop, ListeningSocket listener, IAcceptorOwner owner)
    {
        _loops = loops;
        _loop = loop;
        _owner = owner;
        _optionsForAccepted = listener.OptionsForAccepted;
        listener.Socket.Blocking = false;
        _descriptor = (int)listener.Socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>Begins to accept.</summary>
    public void Start() => Resume();

    /// <summary>
    /// Looks for connections: after a rest for which the owner has asked, or because another loop, which alone was told of them, does
    /// not come back from a call.
    /// </summary>
    public void Resume()
    {
        // Once at a time: the loop may be the one that does not come back.
        if (Interlocked.Exchange(ref _isPosted, 1) == 0)
        {
            _loop.Post(this);
        }
    }

    /// <summary>Accepts no more.</summary>
    /// <returns>Completes when the loop has forgotten the socket: never, if it does not come back from a handler.</returns>
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
            // As long as there is something to accept, not once: what one turn leaves, the next one takes.
            int result = _loop.Add(_descriptor, Watched, this, out _number);
            _isWatched = result >= 0;
            BackOffIf(result);
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
                if (IsOfOneConnection(-result))
                {
                    continue;
                }

                BackOffIf(result);
                return;
            }

            Accept(new Descriptor(result), peer);
        }
    }

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration)
    {
        // Only connections run code of the application, and are told themselves.
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel) => Resume();

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _owner.OnAcceptFailed(exception);

    private void Accept(Descriptor descriptor, in SocketAddress peer)
    {
        try
        {
            if (_owner.MustRefuse(descriptor.Number, peer, out ReadOnlyMemory<byte> answer))
            {
                Refuse(descriptor, answer.Span);
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

    // Whatever fails here, the client is not served: it sees an end, or a reset.
    private void Refuse(Descriptor descriptor, ReadOnlySpan<byte> answer)
    {
        // A request that is there already would, unread, make the close a reset.
        _ = _loop.Calls.Receive(descriptor.Number, _loop.ReceiveBuffer);
        _ = _loop.Calls.Send(descriptor.Number, answer);
        _ = _loop.Calls.ShutdownOutput(descriptor.Number);
        _owner.OnRefused(descriptor);
    }

    // accept(2): errors of the connection that was about to be accepted; the next may be sound.
    private static bool IsOfOneConnection(int errno) => errno is
        Errno.ConnectionAborted or Errno.Protocol or Errno.NotPermitted or Errno.NoNetwork or Errno.OptionNotAvailable
        or Errno.NotSupported or Errno.NetworkDown or Errno.NetworkUnreachable or Errno.HostDown
        or Errno.HostUnreachable;

    // Out of descriptors or memory, the next attempt would fail too, and a loop that never rests helps nobody.
    private void BackOffIf(int result)
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
