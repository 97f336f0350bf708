using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>Moves bytes between a peer and a sink. Knows nothing of frames.</summary>
/// <remarks>
/// The contract fits both an event loop that owns its sockets (it calls the sink in place on the loop's thread, with the loop's
/// own receive buffer, and writes with non-blocking system calls) and a duplex stream. One caller writes at a time; the other
/// methods may be called from any thread.
/// </remarks>
internal abstract class Transport
{
    /// <summary>The maximum number of bytes that any transport passes to its sink at once.</summary>
    public const int MaxReadLength = 256 * 1024;

    private ITransportSink? _sink;

    /// <summary>The sink that receives bytes and events. It may be replaced during a call to the sink that it replaces.</summary>
    public ITransportSink Sink
    {
        get => _sink ?? throw new InvalidOperationException("The transport has no sink yet.");
        set => _sink = value;
    }

    /// <summary>The local address, if the transport has one.</summary>
    public virtual EndPoint? LocalEndPoint => null;

    /// <summary>The address of the peer, if the transport has one.</summary>
    public virtual EndPoint? RemoteEndPoint => null;

    /// <summary>What carries the bytes. Any thread.</summary>
    public virtual NetworkTransport Network => NetworkOf((RemoteEndPoint ?? LocalEndPoint)?.AddressFamily);

    /// <summary>The parameters negotiated in the TLS handshake, if this end performed it.</summary>
    public virtual WebSocketTlsInformation? Tls => null;

    /// <summary>Whether <see cref="ShutdownOutput"/> signals an end to the peer while the peer's direction stays open.</summary>
    public virtual bool CanEndOutput => true;

    /// <summary>
    /// The number of bytes that this system keeps because the peer's system has not acknowledged them; <see langword="null"/> if
    /// unknown. Any thread. Makes a system call.
    /// </summary>
    public virtual long? UnacknowledgedLength => null;

    /// <summary>
    /// A counter that grows with each byte that the peer's system acknowledges; only differences are meaningful.
    /// <see langword="null"/> if unknown. Any thread. Makes a system call.
    /// </summary>
    public virtual uint? AcknowledgedLength => null;

    /// <summary>
    /// The time since the peer's system last acknowledged anything, even if only that its window is full; <see langword="null"/>
    /// if unknown. Any thread. Makes a system call.
    /// </summary>
    public virtual TimeSpan? SinceAcknowledgment => null;

    /// <summary>
    /// Whether <see cref="FlushLater"/> works on this thread. If so, corking output is better than writing it piece by piece.
    /// </summary>
    public virtual bool CanFlushLater => false;

    /// <summary>
    /// Whether <see cref="FlushLater"/> works on any thread. Then corking is better than writing only while more is about to be sent.
    /// </summary>
    public virtual bool CanFlushSoon => false;

    /// <summary>
    /// How much the sink may do during the current call, if it shares its thread. It returns <see cref="ReadVerdict.Yield"/> once
    /// that is used up. Valid during a call to the sink only.
    /// </summary>
    public virtual TimeSlice? Slice => null;

    /// <summary>Why what the peer sent last may be missing although its direction has ended; <see langword="null"/> if nothing is missing.</summary>
    public virtual Exception? CutOff => null;

    /// <summary>Starts reading. <see cref="Sink"/> must be set.</summary>
    public abstract void Start();

    /// <summary>Writes what can be written without waiting.</summary>
    /// <param name="bytes">The bytes; not used after the call.</param>
    /// <returns>
    /// The number of bytes written, from 0 to all of them. A failed transport discards all and reports them as written; it
    /// reports the failure by <see cref="ITransportSink.OnOutputFailed"/> or <see cref="ITransportSink.OnClosed"/>.
    /// </returns>
    public abstract int TryWrite(ReadOnlySpan<byte> bytes);

    /// <summary>Writes what can be written of two spans without waiting, in one system call where possible.</summary>
    /// <param name="first">The bytes to write first; not used after the call.</param>
    /// <param name="second">The bytes to write next; not used after the call.</param>
    /// <returns>The number of bytes written of both together.</returns>
    public virtual int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken = TryWrite(first);
        return taken < first.Length ? taken : taken + TryWrite(second);
    }

    /// <summary>Writes all of the bytes, waiting for the peer as needed. Only one such write at a time.</summary>
    /// <param name="bytes">The bytes. Their owner must not change them until the write has ended.</param>
    /// <returns>
    /// <see langword="true"/> if the write has completed; <see langword="false"/> if <see cref="ITransportSink.OnWritten"/> will
    /// report that, or <see cref="ITransportSink.OnOutputFailed"/> or <see cref="ITransportSink.OnClosed"/> if the transport
    /// fails first.
    /// </returns>
    public abstract bool Write(ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// Requests one call of <see cref="ITransportSink.OnFlush"/> when this thread has finished its current work, or soon. Requires
    /// <see cref="CanFlushLater"/> or <see cref="CanFlushSoon"/>.
    /// </summary>
    public virtual void FlushLater() => throw new NotSupportedException();

    /// <summary>
    /// Resumes reading after a pause. May be called before the sink's <see cref="ReadVerdict.Pause"/> has been returned.
    /// </summary>
    public abstract void ResumeReading();

    /// <summary>Ends this end's direction in order. No write may be pending.</summary>
    public abstract void ShutdownOutput();

    /// <summary>Closes the transport after pending writes, without a reset as far as this end can avoid one.</summary>
    public abstract void Close();

    /// <summary>Closes the transport at once; unsent bytes are lost.</summary>
    /// <param name="error">The cause, passed on to <see cref="ITransportSink.OnClosed"/>.</param>
    public abstract void Abort(Exception? error);

    /// <summary>What carries the bytes between addresses of a family.</summary>
    protected static NetworkTransport NetworkOf(AddressFamily? family) => family switch
    {
        AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 => NetworkTransport.Tcp,
        AddressFamily.Unix => NetworkTransport.Unix,
        _ => NetworkTransport.Unknown,
    };
}
