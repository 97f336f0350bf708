namespace Sockeye.Transports.Loops;

/// <summary>The owner of a <see cref="LoopAcceptor"/>. Called on the acceptor's loop; must not block.</summary>
internal interface IAcceptorOwner
{
    /// <summary>How long accepting is suspended after a failure that would repeat at once.</summary>
    TimeSpan AcceptRetryDelay { get; }

    /// <summary>
    /// Whether another connection may be accepted. If not, the owner calls <see cref="LoopAcceptor.Resume"/> later.
    /// </summary>
    bool CanAccept => true;

    /// <summary>Whether a connection that has just been accepted must be rejected.</summary>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="peer">The address of its peer.</param>
    /// <param name="answer">The response to send if so; nothing is read from the connection.</param>
    bool MustRefuse(int descriptor, in SocketAddress peer, out ReadOnlyMemory<byte> answer)
    {
        answer = default;
        return false;
    }

    /// <summary>
    /// Called after a connection was rejected with the response. The owner closes its descriptor a moment later.
    /// </summary>
    void OnRefused(Descriptor descriptor) => descriptor.Dispose();

    /// <summary>Called when a connection has been accepted. Its transport has no sink yet and has not been started.</summary>
    void OnAccepted(EventLoopTransport transport);

    /// <summary>Called when accepting failed: a system resource is exhausted, or the listening socket is broken.</summary>
    void OnAcceptFailed(Exception exception);
}
