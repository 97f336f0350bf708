using Sockeye.Memory;

namespace Sockeye.Transports;

/// <summary>What a transport tells the one above it.</summary>
/// <remarks>
/// Calls come one at a time, except <see cref="OnWritten"/> and <see cref="OnOutputFailed"/>, which may come while
/// another is running, but never after <see cref="OnClosed"/>. No call is made
/// from inside a call to the transport, so a sink may hold a lock while it calls down. A sink never throws.
/// </remarks>
internal interface ITransportSink
{
    /// <summary>The longest read while <see cref="IsShortOfMemory"/>, in bytes.</summary>
    const int ShortReadLength = MemoryAllowance.UncheckedLength;

    /// <summary>
    /// Whether the memory budget of connections is used up. The sink has to keep what it cannot handle in one slice, so reads are no
    /// longer than <see cref="ShortReadLength"/> while that is so. Any thread.
    /// </summary>
    bool IsShortOfMemory => false;

    /// <summary>Bytes have arrived.</summary>
    /// <param name="bytes">
    /// On loan for the length of the call, and the sink's to change: frames are unmasked in place. All of them are
    /// taken or copied before the call returns.
    /// </param>
    ReadVerdict OnReceived(Span<byte> bytes);

    /// <summary>
    /// The transport reads again, after <see cref="Transport.ResumeReading"/> or <see cref="ReadVerdict.Yield"/>. May come
    /// once more than was asked for.
    /// </summary>
    ReadVerdict OnReadingResumed();

    /// <summary>All bytes of the last <see cref="Transport.Write"/> that answered <see langword="false"/> are taken.</summary>
    void OnWritten();

    /// <summary>What <see cref="Transport.FlushLater"/> was called for: what was gathered is to be written.</summary>
    void OnFlush()
    {
    }

    /// <summary>
    /// Nothing can be written any more: from now on all is taken and dropped. What the peer sent before is still to
    /// come; the end follows by itself if the peer is gone, and else when the sink has waited long enough.
    /// </summary>
    /// <param name="error">What went wrong; <see cref="OnClosed"/> will have it too.</param>
    void OnOutputFailed(Exception error)
    {
    }

    /// <summary>
    /// A call to this sink has kept a thread that others share for longer than it should have. That call may have been
    /// <see cref="OnClosed"/>.
    /// </summary>
    /// <param name="duration">How long.</param>
    void OnHeldUp(TimeSpan duration)
    {
    }

    /// <summary>
    /// A call to this sink, or to what is below the transport, has thrown what neither should: something to be logged. Unless that
    /// call was <see cref="OnClosed"/>, the transport drops itself after this.
    /// </summary>
    /// <param name="exception">What was thrown; <see cref="OnClosed"/> will have it too.</param>
    void OnFaulted(Exception exception)
    {
    }

    /// <summary>
    /// A call to this sink keeps a thread that others share, and has not returned. Called on another thread, while the call
    /// is running, and again after longer times.
    /// </summary>
    /// <param name="duration">How long it has lasted.</param>
    void OnStuck(TimeSpan duration)
    {
    }

    /// <summary>The peer has ended its direction in order. Bytes may still be written.</summary>
    void OnInputEnded();

    /// <summary>
    /// The transport is gone: the last call but for <see cref="OnHeldUp"/>, and made exactly once. Memory given to
    /// <see cref="Transport.Write"/> is not used any more.
    /// </summary>
    /// <param name="error">What went wrong; <see langword="null"/> after <see cref="Transport.Close"/>.</param>
    void OnClosed(Exception? error);
}
