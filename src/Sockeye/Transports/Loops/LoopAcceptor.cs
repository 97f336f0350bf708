using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>Accepts connections on the first loop of a group, and hands them to each loop in turn.</summary>
internal sealed class LoopAcceptor : Deadline, IEventLoopSource
{
    // A storm of connections must not keep the loop from those it has.
    private const int MaxAcceptsPerTurn = 64;

    private readonly EventLoopGroup _loops;
    private readonly EventLoop _loop;
    private readonly ListeningSocket _listener;
    private readonly IAcceptorOwner _owner;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _descriptor;
    private ulong _number;
    private bool _isWatched;
    private volatile bool _isStopping;

    /// <summary>Takes over a socket that listens; nothing is accepted before <see cref="Start"/>.</summary>
    public LoopAcceptor(EventLoopGroup loops, ListeningSocket listener, IAcceptorOwner owner)
    {
        _loops = loops;
        _loop = loops.First;
        _listener = listener;
        _owner = owner;
        _listener.Socket.Blocking = false;
        _descriptor = (int)_listener.Socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>Begins to accept.</summary>
    public void Start() => _loop.Post(this);

    /// <summary>Accepts again, after a rest for which the owner has asked.</summary>
    public void Resume() => _loop.Post(this);

    /// <summary>Accepts no more.</summary>
    public Task StopAsync()
    {
        _isStopping = true;
        _loop.Post(this);
        return _stopped.Task;
    }

    /// <inheritdoc/>
    public void OnPosted()
    {
        if (_isStopping)
        {
            Stop();
        }
        else if (!_isWatched)
        {
            // As long as there is something to accept, not once: what one turn leaves, the next one takes.
            int result = _loop.Add(_descriptor, EpollEvents.In, this, out _number);
            _isWatched = result >= 0;
            BackOffIf(result);
        }
        else
        {
            BackOffIf(_loop.Modify(_descriptor, EpollEvents.In, _number));
        }
    }

    /// <inheritdoc/>
    public void OnEvents(EpollEvents events)
    {
        for (int count = 0; count < MaxAcceptsPerTurn && !_isStopping; count++)
        {
            if (!_owner.CanAccept)
            {
                _ = _loop.Modify(_descriptor, EpollEvents.None, _number);
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
    public override void OnDue(DeadlineWheel wheel) => _loop.Post(this);

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

            if (_listener.OptionsForAccepted is { } options)
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
        if (_isWatched)
        {
            _ = _loop.Modify(_descriptor, EpollEvents.None, _number);
        }

        _loop.Wheel.Schedule(this, _owner.AcceptRetryDelay);
    }

    private void Stop()
    {
        if (_stopped.Task.IsCompleted)
        {
            return;
        }

        _loop.Wheel.Cancel(this);
        if (_isWatched)
        {
            _loop.Remove(_number);
        }

        _listener.Dispose();
        _stopped.SetResult();
    }
}
