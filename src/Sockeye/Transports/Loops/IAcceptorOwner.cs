namespace Sockeye.Transports.Loops;

/// <summary>Whom a <see cref="LoopAcceptor"/> works for. Called on the acceptor's loop; must not block.</summary>
internal interface IAcceptorOwner
{
    /// <summary>How long nothing is accepted after a failure that another attempt would meet too.</summary>
    TimeSpan AcceptRetryDelay { get; }

    /// <summary>Whether another connection may be accepted; if not, <see cref="LoopAcceptor.Resume"/> is called later.</summary>
    bool CanAccept => true;

    /// <summary>A connection has been accepted; its transport has no sink yet, and has not been started.</summary>
    void OnAccepted(EventLoopTransport transport);

    /// <summary>Accepting failed: the system is short of something, or the listening socket is broken.</summary>
    void OnAcceptFailed(Exception exception);
}
