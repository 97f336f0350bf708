using System.Net;

namespace Sockeye.Transports;

/// <summary>
/// Moves bytes: pushes up what arrives, takes down what is to be sent. Knows nothing of frames.
/// </summary>
/// <remarks>
/// The contract fits an event loop that owns its sockets (calls up are made in place on the loop's thread, with the
/// loop's own receive buffer; writes are non-blocking system calls) as well as a duplex stream. Writing is for one
/// caller at a time; the other methods may be called from any thread.
/// </remarks>
internal abstract class Transport
{
    /// <summary>The most that any transport gives its sink at once, in bytes.</summary>
    public const int MaxReadLength = 256 * 1024;

    private ITransportSink? _sink;

    /// <summary>Who is told what arrives. May be replaced from inside a call to the sink it replaces.</summary>
    public ITransportSink Sink
    {
        get => _sink ?? throw new InvalidOperationException("The transport has no sink yet.");
        set => _sink = value;
    }

    /// <summary>The address of this end, if the transport has one.</summary>
    public virtual EndPoint? LocalEndPoint => null;

    /// <summary>The address of the peer, if the transport has one.</summary>
    public virtual EndPoint? RemoteEndPoint => null;

    /// <summary>What was agreed on in the handshake of TLS, if this end did that.</summary>
    public virtual WebSocketTlsInformation? Tls => null;

    /// <summary>Whether <see cref="ShutdownOutput"/> shows the peer an end, while its own direction stays open.</summary>
    public virtual bool CanEndOutput => true;

    /// <summary>
    /// How many bytes this end's system keeps because the peer's has not acknowledged them; <see langword="null"/> if that is
    /// not known. Any thread. A system call.
    /// </summary>
    public virtual long? UnacknowledgedLength => null;

    /// <summary>
    /// A count that grows with each byte that the peer's system acknowledges, of which only differences mean something;
    /// <see langword="null"/> if that is not known. Any thread. A system call.
    /// </summary>
    public virtual uint? AcknowledgedLength => null;

    /// <summary>
    /// How long ago the peer's system acknowledged something, be it only that it has no room; <see langword="null"/> if that is
    /// not known. Any thread. A system call.
    /// </summary>
    public virtual TimeSpan? SinceAcknowledgment => null;

    /// <summary>
    /// Whether this thread is one that will call <see cref="ITransportSink.OnFlush"/> if asked to: then what it sends is
    /// better gathered than written piece by piece.
    /// </summary>
    public virtual bool CanFlushLater => false;

    /// <summary>
    /// How much the sink may do in the call that is being made to it, if it shares its thread; then it is to answer with
    /// <see cref="ReadVerdict.Yield"/>. Only during such a call.
    /// </summary>
    public virtual TimeSlice? Slice => null;

    /// <summary>Begins to read. <see cref="Sink"/> must have been set.</summary>
    public abstract void Start();

    /// <summary>Writes what can be written without waiting.</summary>
    /// <param name="bytes">What to write; not needed after the call.</param>
    /// <returns>
    /// How many bytes were taken: 0 to all of them. A transport that has failed takes, and drops, all: that it failed
    /// is told by <see cref="ITransportSink.OnOutputFailed"/> or <see cref="ITransportSink.OnClosed"/>.
    /// </returns>
    public abstract int TryWrite(ReadOnlySpan<byte> bytes);

    /// <summary>Writes what can be written of two runs of bytes without waiting, in one system call if it can be.</summary>
    /// <param name="first">What to write first; not needed after the call.</param>
    /// <param name="second">What to write next; not needed after the call.</param>
    /// <returns>How many bytes of both together were taken.</returns>
    public virtual int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken = TryWrite(first);
        return taken < first.Length ? taken : taken + TryWrite(second);
    }

    /// <summary>Writes all of the bytes, as the peer takes them. One such write at a time.</summary>
    /// <param name="bytes">What to write: left alone by its owner until the write is over.</param>
    /// <returns>
    /// <see langword="true"/> if it is over already; <see langword="false"/> if <see cref="ITransportSink.OnWritten"/>
    /// will tell, or <see cref="ITransportSink.OnOutputFailed"/> or <see cref="ITransportSink.OnClosed"/> if the transport
    /// fails first.
    /// </returns>
    public abstract bool Write(ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// Has <see cref="ITransportSink.OnFlush"/> called once this thread has done what it is about; only if
    /// <see cref="CanFlushLater"/>, and once for each time.
    /// </summary>
    public virtual void FlushLater() => throw new NotSupportedException();

    /// <summary>Reads again, after a pause; also if the pause has not been answered yet.</summary>
    public abstract void ResumeReading();

    /// <summary>Ends this end's direction in order, when nothing is being written.</summary>
    public abstract void ShutdownOutput();

    /// <summary>Lets go of the transport, without a reset as far as that depends on this end.</summary>
    public abstract void Close();

    /// <summary>Drops the transport at once; what the peer has not been sent is lost.</summary>
    /// <param name="error">The reason, handed on to <see cref="ITransportSink.OnClosed"/>.</param>
    public abstract void Abort(Exception? error);
}
