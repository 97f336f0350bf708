namespace Sockeye.Transports.Loops;

/// <summary>Replaces the sink of a transport between two calls to it, on the loop's thread.</summary>
/// <param name="transport">The transport.</param>
/// <param name="take">Sets the new sink. Not called if the transport has ended.</param>
/// <param name="fail">Called instead of <paramref name="take"/>, or after it has thrown: then the transport is aborted.</param>
internal sealed class SinkHandOver(EventLoopTransport transport, Action take, Action<Exception?> fail) : IEventLoopSource
{
    /// <summary>Requests the hand-over. Any thread.</summary>
    public void Begin() => transport.Loop.Post(this);

    /// <inheritdoc/>
    public void OnPosted()
    {
        if (!transport.TryHandOver(take))
        {
            fail(null);
        }
    }

    /// <inheritdoc/>
    public void OnFaulted(Exception exception)
    {
        transport.Abort(exception);
        fail(exception);
    }

    /// <inheritdoc/>
    public void OnEvents(EpollEvents events)
    {
        // Watches no descriptor.
    }

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => transport.Sink.OnHeldUp(duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => transport.Sink.OnStuck(duration);
}
