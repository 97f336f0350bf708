namespace Sockeye.Transports.Loops;

/// <summary>Something with a descriptor that an <see cref="EventLoop"/> watches.</summary>
/// <remarks>
/// All calls but <see cref="OnStuck"/> come on the loop's thread, one at a time, and must not block.
/// </remarks>
internal interface IEventLoopSource
{
    /// <summary>Something has happened to the descriptor.</summary>
    void OnEvents(EpollEvents events);

    /// <summary>What <see cref="EventLoop.Post"/> was called for.</summary>
    void OnPosted();

    /// <summary>
    /// One of the other calls has thrown, which none should: the source logs it and lets go of its descriptor. The loop and all
    /// else on it go on.
    /// </summary>
    void OnFaulted(Exception exception);

    /// <summary>One of the calls above has kept the loop from its other sources for long.</summary>
    void OnHeldUp(TimeSpan duration);

    /// <summary>
    /// One of the calls above keeps the loop from its other sources and has not returned. Called on the thread pool, again
    /// after longer times.
    /// </summary>
    /// <param name="duration">How long it has lasted.</param>
    void OnStuck(TimeSpan duration)
    {
    }
}
