namespace Sockeye.Transports.Loops;

/// <summary>Owns a descriptor that an <see cref="EventLoop"/> watches, and handles its events.</summary>
/// <remarks>All calls except <see cref="OnStuck"/> are made on the loop's thread, one at a time, and must not block.</remarks>
internal interface IEventLoopSource
{
    /// <summary>Called when events have occurred on the descriptor.</summary>
    void OnEvents(EpollEvents events);

    /// <summary>Called after <see cref="EventLoop.Post"/>.</summary>
    void OnPosted();

    /// <summary>
    /// Called when another method has thrown, which none should. The source logs the exception and closes its descriptor. The
    /// loop and its other sources continue.
    /// </summary>
    void OnFaulted(Exception exception);

    /// <summary>Called when one of the calls above has blocked the loop for too long.</summary>
    void OnHeldUp(TimeSpan duration);

    /// <summary>
    /// Called while one of the calls above is blocking the loop and has not returned. Made on the thread pool and repeated at
    /// growing intervals.
    /// </summary>
    /// <param name="duration">How long the call has been running.</param>
    void OnStuck(TimeSpan duration)
    {
    }
}
