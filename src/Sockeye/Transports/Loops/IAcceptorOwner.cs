namespace Sockeye.Transports.Loops;

/// <summary>Whom a <see cref="LoopAcceptor"/> works for. Called on the acceptor's loop; must not block.</summary>
internal interface IAcceptorOwner
{
    /// <summary>How long nothing is accepted after a failure that another attempt would meet too.</summary>
    TimeSpan AcceptRetryDelay { get; }

    /// <summary>Whether another connection may be accepted; if not, <see cref="LoopAcceptor.Resume"/> is called later.</summary>
    bool CanAccept => true;

    /// <summary>Whether a connection that has just been accepted is to be refused.</summary>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="peer">The address of its peer.</param>
    /// <param name="answer">What it is sent then; nothing of it is read.</param>
    bool MustRefuse(int descriptor, in SocketAddress peer, out ReadOnlyMemory<byte> answer)
    {
        answer = default;
        return false;
    }

    /// <summary>A connection was refused and answered; its descriptor is the owner's to close, in a moment.</summary>
    void OnRefused(Descriptor descriptor) => descriptor.Dispose();

    /// <summary>A connection has been accepted; its transport has no sink yet, and has not been started.</summary>
    void OnAccepted(EventLoopTransport transport);

    /// <summary>Accepting failed: the system is short of something, or the listening socket is broken.</summary>
    void OnAcceptFailed(Exception exception);
}
