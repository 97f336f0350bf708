using Sockeye.Memory;

namespace Sockeye.Transports;

/// <summary>Receives the bytes and events of a <see cref="Transport"/>.</summary>
/// <remarks>
/// Calls are made one at a time, except <see cref="OnWritten"/> and <see cref="OnOutputFailed"/>, which may be made during
/// another call, but never after <see cref="OnClosed"/>. No call is made from inside a call to the transport, so a sink may hold
/// a lock while it calls the transport. A sink must not throw.
/// </remarks>
internal interface ITransportSink
{
    /// <summary>The maximum length of a read while <see cref="IsShortOfMemory"/>, in bytes.</summary>
    const int ShortReadLength = MemoryAllowance.UncheckedLength;

    /// <summary>
    /// Whether the memory budget for connections is used up. The sink must buffer what it cannot handle in one slice, so reads
    /// are then limited to <see cref="ShortReadLength"/>. May be read on any thread.
    /// </summary>
    bool IsShortOfMemory => false;

    /// <summary>Called when bytes have arrived.</summary>
    /// <param name="bytes">
    /// The bytes, on loan until the call returns. The sink may change them: frames are unmasked in place. It consumes or copies
    /// all of them before it returns.
    /// </param>
    ReadVerdict OnReceived(Span<byte> bytes);

    /// <summary>
    /// Called when reading resumes, after <see cref="Transport.ResumeReading"/> or <see cref="ReadVerdict.Yield"/>. There may be
    /// one call more than requested.
    /// </summary>
    ReadVerdict OnReadingResumed();

    /// <summary>
    /// Called when all bytes of the last <see cref="Transport.Write"/> that returned <see langword="false"/> have been written.
    /// </summary>
    void OnWritten();

    /// <summary>Called after <see cref="Transport.FlushLater"/>: the sink writes the output that it has corked.</summary>
    void OnFlush()
    {
    }

    /// <summary>
    /// Called when the output has failed; from now on all writes are discarded. What the peer sent before can still arrive.
    /// Reading ends on its own if the peer is gone; otherwise the sink ends it after a timeout.
    /// </summary>
    /// <param name="error">The cause, which is also passed to <see cref="OnClosed"/>.</param>
    void OnOutputFailed(Exception error)
    {
    }

    /// <summary>
    /// Called when a call to this sink has blocked a shared thread for too long. That call may have been <see cref="OnClosed"/>.
    /// </summary>
    /// <param name="duration">How long the call took.</param>
    void OnHeldUp(TimeSpan duration)
    {
    }

    /// <summary>
    /// Called when a call to this sink, or the stream below the transport, has thrown an unexpected exception, which the sink
    /// logs. The transport then aborts itself, unless that call was <see cref="OnClosed"/>.
    /// </summary>
    /// <param name="exception">The exception, which is also passed to <see cref="OnClosed"/>.</param>
    void OnFaulted(Exception exception)
    {
    }

    /// <summary>
    /// Called when a call to this sink is blocking a shared thread and has not returned. Made on another thread while the call is
    /// running, and repeated at growing intervals.
    /// </summary>
    /// <param name="duration">How long the call has been running.</param>
    void OnStuck(TimeSpan duration)
    {
    }

    /// <summary>Called when the peer has ended its direction in order. Bytes may still be written.</summary>
    void OnInputEnded();

    /// <summary>
    /// Called exactly once, when the transport has ended; only <see cref="OnHeldUp"/> may follow. Memory passed to
    /// <see cref="Transport.Write"/> is no longer used.
    /// </summary>
    /// <param name="error">The cause; <see langword="null"/> after <see cref="Transport.Close"/>.</param>
    void OnClosed(Exception? error);
}
