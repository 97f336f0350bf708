using System.Buffers;
using System.Net;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports.Tls;

/// <summary>
/// TLS over a socket on an <see cref="EventLoop"/>, in place: what a read has received is decrypted into the loop's buffer for plaintext
/// and passed on from there; what is written is encrypted on the thread that writes, into as few records and system calls as possible.
/// </summary>
/// <remarks>Any thread may write, one at a time. The loop's thread does everything else.</remarks>
internal sealed class TlsTransport : Transport, ITransportSink, ICiphertextSink, IEventLoopSource
{
    // What is encrypted at once, which the engine passes on at once.
    private const int ChunkLength = 2 * TlsRecord.MaxPlaintextLength;

    private const int DirectLength = TlsRecord.MaxPlaintextLength + 4 * 1024;

    // For the writes of a thread, one after the other: a write is encrypted before it returns.
    [ThreadStatic]
    private static byte[]? Joined;

    private readonly EventLoopTransport _below;
    private readonly ArrayPool<byte> _pool;
    private TlsEngine? _engine;

    // Until the handshake is over. Used by the loop only.
    private ITlsHandshakeSink? _handshake;
    private bool _hasFailed;

    // Held while the engine encrypts: it must not be disposed of meanwhile.
    private readonly Lock _gate = new();

    // Ciphertext behind which the sink has paused. Used by the loop only.
    private byte[]? _kept;
    private int _keptStart;
    private int _keptEnd;
    private bool _hasInputEnded;
    private bool _isTruncated;
    private bool _hasStarted;
    private readonly bool _isTakenOver;

    // A TlsRequests. The first pending request posts this object to the loop's mailbox.
    private int _requests;
    private volatile bool _isAborted;

    // Ciphertext that the socket has not taken: nothing is encrypted before it has.
    private byte[]? _unsent;
    private volatile bool _isBlocked;

    // The pending write, and what comes after it. Used by the loop only, once it was requested.
    private ReadOnlyMemory<byte> _pending;
    private bool _isWriting;
    private bool _mustEndOutput;
    private bool _hasEncryptedEnd;
    private bool _mustClose;
    private bool _isDisposed;

    /// <summary>Conducts the handshake on a transport. Nothing happens before <see cref="Start"/>.</summary>
    /// <param name="below">The transport, whose sink is this object from now on.</param>
    /// <param name="handshake">The sink until the handshake is over.</param>
    /// <param name="pool">The pool that buffers are rented from.</param>
    public TlsTransport(EventLoopTransport below, ITlsHandshakeSink handshake, ArrayPool<byte> pool)
    {
        _below = below;
        _handshake = handshake;
        _pool = pool;
        Sink = handshake;
        below.Sink = this;
    }

    /// <summary>Takes over a transport and an engine whose handshake is complete.</summary>
    /// <param name="below">The transport, which was started and is paused; its sink is this object from now on.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="pool">The pool that buffers are rented from.</param>
    public TlsTransport(EventLoopTransport below, TlsEngine engine, ArrayPool<byte> pool)
    {
        _below = below;
        _engine = engine;
        _pool = pool;
        _isTakenOver = true;
        engine.Output = this;
        below.Sink = this;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => _below.LocalEndPoint;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => _below.RemoteEndPoint;

    /// <inheritdoc/>
    public override NetworkTransport Network => _below.Network;

    /// <inheritdoc/>
    public override WebSocketTlsInformation? Tls => _engine?.Information;

    /// <inheritdoc/>
    public override long? UnacknowledgedLength => _below.UnacknowledgedLength;

    /// <inheritdoc/>
    public override uint? AcknowledgedLength => _below.AcknowledgedLength;

    /// <inheritdoc/>
    public override TimeSpan? SinceAcknowledgment => _below.SinceAcknowledgment;

    /// <inheritdoc/>
    public override Exception? CutOff => _isTruncated
        ? new EndOfStreamException("The peer ended TLS without close_notify: what it has sent last may be missing (RFC 8446 §6.1).")
        : null;

    /// <inheritdoc/>
    public override bool CanFlushLater => _below.CanFlushLater;

    /// <inheritdoc/>
    public override bool CanFlushSoon => _below.CanFlushSoon;

    /// <inheritdoc/>
    public override TimeSlice? Slice => _below.Slice;

    /// <summary>Whether the transport was aborted, or has ended.</summary>
    public bool IsEnded => _isAborted;

    /// <summary>The loop that serves the transport.</summary>
    public EventLoop Loop => _below.Loop;

    /// <inheritdoc/>
    public override void FlushLater() => _below.FlushLater();

    /// <summary>Adds ciphertext that was received before. Before <see cref="Start"/>.</summary>
    public void Preload(ReadOnlySpan<byte> ciphertext) => Keep(ciphertext);

    /// <inheritdoc/>
    /// <remarks>Called again by the sink that follows the handshake.</remarks>
    public override void Start()
    {
        if (_isTakenOver)
        {
            _below.ResumeReading();
        }
        else
        {
            _below.Start();
        }
    }

    /// <summary>Starts a transport that was taken over for a sink that has bytes already: these come first.</summary>
    public void StartSink()
    {
        _hasStarted = true;
        _below.ResumeReading();
    }

    /// <summary>
    /// Ends the output after a failed handshake: an alert reaches the peer first. Loop thread only. What the peer still sends is discarded
    /// until <see cref="Close"/> is called.
    /// </summary>
    public void EndFailedHandshake()
    {
        _hasEncryptedEnd = true;
        _mustEndOutput = true;
        Advance();
    }

    /// <summary>Gives the transport below to another sink after a failed handshake. Loop thread only.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _engine?.Dispose();
        }

        ReleaseKept();
    }

    /// <inheritdoc/>
    public override void ResumeReading() => _below.ResumeReading();

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> bytes) => TryWrite(bytes, second: default);

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_isBlocked)
        {
            return 0;
        }

        lock (_gate)
        {
            if (_isAborted || _isDisposed)
            {
                return first.Length + second.Length;
            }

            try
            {
                return EncryptAll(first, second);
            }
            catch (Exception exception)
            {
                _ = CiphertextBuffer.Current.Take();
                Abort(exception);
                return first.Length + second.Length;
            }
        }
    }

    /// <inheritdoc/>
    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (_isAborted || bytes.IsEmpty)
        {
            return true;
        }

        _pending = bytes;
        Request(TlsRequests.Write);
        return false;
    }

    /// <inheritdoc/>
    public override void ShutdownOutput() => Request(TlsRequests.EndOutput);

    /// <inheritdoc/>
    public override void Close() => Request(TlsRequests.Close);

    /// <inheritdoc/>
    public override void Abort(Exception? error)
    {
        _isAborted = true;
        _below.Abort(error);
    }

    /// <inheritdoc/>
    bool ITransportSink.IsShortOfMemory => Sink.IsShortOfMemory;

    /// <inheritdoc/>
    ReadVerdict ITransportSink.OnReceived(Span<byte> bytes)
    {
        if (_handshake is not null && !Loop.TryBeginLongCall())
        {
            // Other connections have their turn between the handshakes of many clients.
            Keep(bytes);
            return ReadVerdict.Yield;
        }

        ReadOnlySpan<byte> rest = bytes;
        ReadVerdict verdict = Process(ref rest, ReadVerdict.Continue);
        Keep(rest);
        return verdict;
    }

    /// <inheritdoc/>
    ReadVerdict ITransportSink.OnReadingResumed()
    {
        var verdict = ReadVerdict.Continue;
        if (_hasStarted)
        {
            // Nothing before that has called the sink.
            verdict = Sink.OnReadingResumed();
            if (MustStop(verdict))
            {
                return verdict;
            }
        }

        // Also if nothing is kept here: the engine may hold plaintext.
        return DecryptKept(verdict);
    }

    /// <inheritdoc/>
    void ITransportSink.OnWritten()
    {
        ReleaseUnsent();
        Advance();
    }

    /// <inheritdoc/>
    void ITransportSink.OnFlush() => Sink.OnFlush();

    /// <inheritdoc/>
    void ITransportSink.OnOutputFailed(Exception error)
    {
        ReleaseUnsent();
        _pending = default;
        _isWriting = false;
        Sink.OnOutputFailed(error);
    }

    /// <inheritdoc/>
    void ITransportSink.OnHeldUp(TimeSpan duration) => Sink.OnHeldUp(duration);

    /// <inheritdoc/>
    void ITransportSink.OnStuck(TimeSpan duration) => Sink.OnStuck(duration);

    /// <inheritdoc/>
    void ITransportSink.OnFaulted(Exception exception) => Sink.OnFaulted(exception);

    /// <inheritdoc/>
    void ITransportSink.OnInputEnded()
    {
        if (_handshake is { } handshake)
        {
            EndHandshake(handshake, error: null);
            if (_hasFailed && _below.Sink == this)
            {
                // The peer does not wait for the alert: nothing else would end the transport before its deadline.
                _below.Close();
            }
        }
        else if (_hasFailed)
        {
            _below.Close();
        }
        else if (!_hasInputEnded)
        {
            // The end may have been cut off. Whether that matters, the sink knows: a connection whose Close frames were exchanged is
            // complete.
            _isTruncated = true;
            _hasInputEnded = true;
            Sink.OnInputEnded();
        }
    }

    /// <inheritdoc/>
    void ITransportSink.OnClosed(Exception? error)
    {
        _isAborted = true;
        if (_handshake is { } handshake)
        {
            EndHandshake(handshake, error);
        }

        lock (_gate)
        {
            _isDisposed = true;
            _engine?.Dispose();
        }

        _pending = default;
        ReleaseUnsent();
        ReleaseKept();
        Sink.OnClosed(error ?? CutOff);
    }

    /// <inheritdoc/>
    void ICiphertextSink.OnRecords(ReadOnlySpan<byte> records)
    {
        // Long records are not worth a copy.
        if (records.Length >= DirectLength && !_isBlocked)
        {
            Send(CiphertextBuffer.Current.Take(), records);
        }
        else
        {
            CiphertextBuffer.Current.Add(records);
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnPosted()
    {
        var requests = (TlsRequests)Interlocked.Exchange(ref _requests, 0);
        if (_isDisposed)
        {
            return;
        }

        _isWriting |= (requests & TlsRequests.Write) != 0;
        _mustEndOutput |= (requests & TlsRequests.EndOutput) != 0;
        _mustClose |= (requests & TlsRequests.Close) != 0;
        Advance();
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnEvents(EpollEvents events)
    {
        // Watches no descriptor.
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnFaulted(Exception exception)
    {
        try
        {
            Sink.OnFaulted(exception);
        }
        finally
        {
            Abort(exception);
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnHeldUp(TimeSpan duration) => Sink.OnHeldUp(duration);

    /// <inheritdoc/>
    void IEventLoopSource.OnStuck(TimeSpan duration) => Sink.OnStuck(duration);

    private static bool MustStop(ReadVerdict verdict) => verdict is ReadVerdict.Pause or ReadVerdict.Yield;

    private void Request(TlsRequests request)
    {
        if (Interlocked.Or(ref _requests, (int)request) == 0)
        {
            Loop.Post(this);
        }
    }

    // Returns the verdict of the sink; the last one, if there is no plaintext for it.
    private ReadVerdict Process(ref ReadOnlySpan<byte> ciphertext, ReadVerdict verdict)
    {
        if (_handshake is not null && !Handshake(ref ciphertext))
        {
            return ReadVerdict.Continue;
        }

        return Decrypt(ref ciphertext, verdict);
    }

    // Returns whether the handshake is complete.
    private bool Handshake(ref ReadOnlySpan<byte> ciphertext)
    {
        ITlsHandshakeSink handshake = _handshake!;
        try
        {
            TlsEngine engine = EngineOf(handshake);
            bool isComplete = engine.Handshake(ref ciphertext);
            SendReplies();
            if (!isComplete)
            {
                return false;
            }
        }
        catch (Exception exception)
        {
            // The alert, if there is one.
            SendReplies();
            ciphertext = default;
            FailHandshake(handshake, exception);
            return false;
        }

        _handshake = null;
        handshake.OnHandshakeCompleted();
        return true;
    }

    private TlsEngine EngineOf(ITlsHandshakeSink handshake)
    {
        if (_engine is null)
        {
            _engine = handshake.CreateEngine();
            _engine.Output = this;
        }

        return _engine;
    }

    private void EndHandshake(ITlsHandshakeSink handshake, Exception? error)
    {
        EngineOf(handshake).EndHandshake(error);
        ReadOnlySpan<byte> none = default;
        if (!Handshake(ref none) && _handshake is not null)
        {
            // It does not wait for the peer.
            FailHandshake(handshake, error ?? new EndOfStreamException());
        }
    }

    private void FailHandshake(ITlsHandshakeSink handshake, Exception exception)
    {
        _handshake = null;
        _hasFailed = true;
        _hasInputEnded = true;
        handshake.OnHandshakeFailed(exception);
    }

    // An alert or a message of the handshake.
    private void SendReplies()
    {
        lock (_gate)
        {
            Send(CiphertextBuffer.Current.Take(), second: default);
        }
    }

    // Decrypts until nothing is left or the sink has enough.
    private ReadVerdict Decrypt(ref ReadOnlySpan<byte> ciphertext, ReadVerdict verdict)
    {
        _hasStarted = true;
        Memory<byte> buffer = Loop.Plaintext;
        while (!_isAborted && !_hasInputEnded)
        {
            TlsDecryption result;
            int length;
            try
            {
                result = _engine!.Decrypt(ref ciphertext, buffer, out length);
            }
            catch (Exception exception)
            {
                Abort(exception);
                break;
            }

            if (result == TlsDecryption.NeedsMore)
            {
                return verdict;
            }

            if (result == TlsDecryption.Ended)
            {
                _hasInputEnded = true;
                Sink.OnInputEnded();
                break;
            }

            verdict = Sink.OnReceived(buffer.Span[..length]);
            if (MustStop(verdict))
            {
                return verdict;
            }
        }

        // Nothing behind the end counts.
        ciphertext = default;
        return verdict;
    }

    private ReadVerdict DecryptKept(ReadVerdict verdict)
    {
        ReadOnlySpan<byte> rest = _kept is null ? default : _kept.AsSpan(_keptStart, _keptEnd - _keptStart);
        verdict = Process(ref rest, verdict);
        _keptStart = _keptEnd - rest.Length;
        if (rest.IsEmpty)
        {
            ReleaseKept();
        }

        return verdict;
    }

    // Nothing is kept before: the transport below is paused while something is.
    private void Keep(ReadOnlySpan<byte> ciphertext)
    {
        if (!ciphertext.IsEmpty)
        {
            _kept = _pool.Rent(ciphertext.Length);
            ciphertext.CopyTo(_kept);
            _keptStart = 0;
            _keptEnd = ciphertext.Length;
        }
    }

    private void ReleaseKept()
    {
        if (_kept is not null)
        {
            _pool.Return(_kept);
            _kept = null;
        }
    }

    // Returns how much was encrypted: all of it, unless the socket takes no more.
    private int EncryptAll(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken = 0;
        if (!first.IsEmpty && !second.IsEmpty && first.Length < TlsRecord.MaxPlaintextLength)
        {
            // A frame's header and the beginning of its payload, in one record.
            byte[] joined = Joined ??= GC.AllocateUninitializedArray<byte>(TlsRecord.MaxPlaintextLength);
            int length = Math.Min(second.Length, joined.Length - first.Length);
            first.CopyTo(joined);
            second[..length].CopyTo(joined.AsSpan(first.Length));
            taken = first.Length + length;
            _engine!.Encrypt(joined.AsSpan(0, taken));
            first = default;
            second = second[length..];
        }

        if (!first.IsEmpty)
        {
            taken += EncryptWhileTaken(first);
        }

        return _isBlocked ? taken : taken + EncryptWhileTaken(second);
    }

    private int EncryptWhileTaken(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        do
        {
            ReadOnlySpan<byte> next = bytes[taken..];
            next = next[..Math.Min(next.Length, ChunkLength)];
            if (!next.IsEmpty)
            {
                _engine!.Encrypt(next);
                taken += next.Length;
            }

            Send(CiphertextBuffer.Current.Take(), second: default);
        }
        while (taken < bytes.Length && !_isBlocked);

        return taken;
    }

    // What the socket does not take is kept until it does.
    private void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        if (length == 0)
        {
            return;
        }

        int taken = second.IsEmpty ? _below.TryWrite(first) : _below.TryWrite(first, second);
        if (taken == length)
        {
            return;
        }

        byte[] unsent = _pool.Rent(length - taken);
        int firstTaken = Math.Min(taken, first.Length);
        first[firstTaken..].CopyTo(unsent);
        second[(taken - firstTaken)..].CopyTo(unsent.AsSpan(first.Length - firstTaken));
        _unsent = unsent;
        _isBlocked = true;
        if (_below.Write(unsent.AsMemory(0, length - taken)))
        {
            // It discards everything now.
            ReleaseUnsent();
        }
    }

    private void ReleaseUnsent()
    {
        // A failure of the output is reported while another thread writes.
        if (Interlocked.Exchange(ref _unsent, null) is { } unsent)
        {
            _pool.Return(unsent);
        }

        _isBlocked = false;
    }

    // Continues what was requested, as far as the socket takes it.
    private void Advance()
    {
        while (_isWriting && !_isBlocked && !_isAborted)
        {
            _pending = _pending[TryWrite(_pending.Span)..];
            if (_pending.IsEmpty)
            {
                _isWriting = false;
                Sink.OnWritten();
            }
        }

        if (_isWriting || _isBlocked || _isAborted)
        {
            return;
        }

        if (_mustEndOutput)
        {
            EndOutput();
        }

        if (_mustClose && !_isBlocked)
        {
            _below.Close();
        }
    }

    // close_notify proves to the peer that nothing is missing (RFC 8446 §6.1); the end of the socket's direction follows when it is out.
    private void EndOutput()
    {
        if (!_hasEncryptedEnd)
        {
            _hasEncryptedEnd = true;
            lock (_gate)
            {
                try
                {
                    _engine!.EndOutput();
                    Send(CiphertextBuffer.Current.Take(), second: default);
                }
                catch (Exception exception)
                {
                    _ = CiphertextBuffer.Current.Take();
                    Abort(exception);
                    return;
                }
            }
        }

        if (!_isBlocked)
        {
            _mustEndOutput = false;
            _below.ShutdownOutput();
        }
    }
}
