// Longer than most files: a transport is also the sink of the one below, and most of these methods only pass calls on.
using System.Buffers;
using System.Net;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports.Tls;

/// <summary>
/// TLS over a socket on an <see cref="EventLoop"/>, in place: what a read has received is decrypted into the loop's buffer for plaintext
/// and passed on from there; what is written is encrypted on the thread that writes, into as few records and system calls as possible.
/// </summary>
/// <remarks>Any thread may write, one at a time. The loop's thread does everything else.</remarks>
internal sealed class TlsTransport : Transport, ITransportSink, IEventLoopSource
{
    // What is decrypted before the clock is read: records may have no plaintext.
    private const int FeedLength = TlsRecord.MaxPlaintextLength + 512;

    private readonly EventLoopTransport _below;
    private readonly ArrayPool<byte> _pool;
    private readonly TlsOutput _output;
    private readonly bool _isTakenOver;
    private TlsEngine? _engine;

    // Until the handshake is over. Used by the loop only.
    private ITlsHandshakeSink? _handshake;
    private bool _hasFailed;

    // Ciphertext behind which the sink has paused. Used by the loop only.
    private byte[]? _kept;
    private int _keptStart;
    private int _keptEnd;
    private bool _hasInputEnded;
    private bool _isTruncated;
    private Exception? _failure;

    // The sink waits for something besides bytes: a read that decrypts to nothing does not end that.
    private bool _isAwaited;
    private bool _startsUnasked;

    // A TlsRequests. The first pending request posts this object to the loop's mailbox.
    private int _requests;
    private volatile bool _isAborted;

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
        _output = new TlsOutput(below, pool);
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
        _output = new TlsOutput(below, pool);
        _output.Use(engine);
        _isTakenOver = true;
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

    /// <summary>The engine; <see langword="null"/> before the peer has sent something.</summary>
    public TlsEngine? Engine => _engine;

    /// <summary>Whether the transport was aborted, or has ended.</summary>
    public bool IsEnded => _isAborted;

    /// <summary>The loop that serves the transport.</summary>
    public EventLoop Loop => _below.Loop;

    /// <inheritdoc/>
    public override void FlushLater() => _below.FlushLater();

    /// <summary>Adds ciphertext that was received before. Before <see cref="Start"/>.</summary>
    public void Preload(ReadOnlySpan<byte> ciphertext) => Keep(ciphertext);

    /// <inheritdoc/>
    /// <remarks>
    /// Called again by the sink that follows the handshake. Where the transport was taken over, <see cref="ResumeReading"/> starts it too, for
    /// a sink that has kept bytes.
    /// </remarks>
    public override void Start()
    {
        if (_isTakenOver)
        {
            _startsUnasked = true;
            _below.ResumeReading();
        }
        else
        {
            _below.Start();
        }
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
        _isDisposed = true;
        _output.Dispose();
        ReleaseKept();
    }

    /// <inheritdoc/>
    public override void ResumeReading() => _below.ResumeReading();

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> bytes) => TryWrite(bytes, second: default);

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_isAborted)
        {
            return first.Length + second.Length;
        }

        try
        {
            return _output.TryWrite(first, second);
        }
        catch (Exception exception)
        {
            Abort(exception);
            return first.Length + second.Length;
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
        _output.Discard();
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
        ReadVerdict verdict = Process(ref rest);
        Keep(rest);
        return verdict;
    }

    /// <inheritdoc/>
    ReadVerdict ITransportSink.OnReadingResumed()
    {
        bool isAsked = _handshake is null && !_startsUnasked;
        _startsUnasked = false;
        if (isAsked)
        {
            // It may have kept bytes, also from before it took this transport over.
            ReadVerdict verdict = Note(Sink.OnReadingResumed());
            if (MustStop(verdict))
            {
                return verdict;
            }
        }

        // Without kept ciphertext too: the engine may hold some.
        return DecryptKept();
    }

    /// <inheritdoc/>
    void ITransportSink.OnWritten()
    {
        _output.OnWritten();
        Advance();
    }

    /// <inheritdoc/>
    void ITransportSink.OnFlush() => Sink.OnFlush();

    /// <inheritdoc/>
    void ITransportSink.OnOutputFailed(Exception error)
    {
        _output.Discard();
        _output.OnFailed();
        Sink.OnOutputFailed(error);
        Advance();
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
            if (_hasFailed && !_isDisposed)
            {
                _mustClose = true;
                Advance();
            }
        }
        else if (_hasFailed)
        {
            _below.Close();
        }
        else if (!_hasInputEnded)
        {
            // Without close_notify the end may have been cut off. Whether that matters, the sink knows: a connection whose Close frames were
            // exchanged is complete.
            _isTruncated = _engine?.HasInputEnded != true;
            _hasInputEnded = true;
            Sink.OnInputEnded();
        }
    }

    /// <inheritdoc/>
    void ITransportSink.OnClosed(Exception? error)
    {
        _isAborted = true;
        _output.Discard();
        if (_handshake is { } handshake)
        {
            EndHandshake(handshake, error);
        }

        _isDisposed = true;
        _output.Dispose();
        _pending = default;
        ReleaseKept();
        Sink.OnClosed(error ?? _failure ?? CutOff);
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

    private ReadVerdict Note(ReadVerdict verdict)
    {
        _isAwaited = verdict == ReadVerdict.Await;
        return verdict;
    }

    private static bool MustStop(ReadVerdict verdict) => verdict is ReadVerdict.Pause or ReadVerdict.Yield;

    private void Request(TlsRequests request)
    {
        if (Interlocked.Or(ref _requests, (int)request) == 0)
        {
            Loop.Post(this);
        }
    }

    private ReadVerdict Process(ref ReadOnlySpan<byte> ciphertext)
    {
        if (_handshake is not null && !Handshake(ref ciphertext))
        {
            return ReadVerdict.Continue;
        }

        return Decrypt(ref ciphertext);
    }

    // Returns whether the handshake is complete.
    private bool Handshake(ref ReadOnlySpan<byte> ciphertext)
    {
        ITlsHandshakeSink handshake = _handshake!;
        try
        {
            TlsEngine engine = EngineOf(handshake);
            bool isComplete = engine.Handshake(ref ciphertext);
            if (!_output.TrySendReplies())
            {
                throw new IOException("The peer does not read.");
            }

            if (!isComplete)
            {
                handshake.OnHandshakeContinues();
                return false;
            }
        }
        catch (Exception exception)
        {
            // The alert, if there is one.
            _ = _output.TrySendReplies();
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
            _output.Use(_engine);
        }

        return _engine;
    }

    private void EndHandshake(ITlsHandshakeSink handshake, Exception? error)
    {
        Exception cause = error ?? new EndOfStreamException();
        try
        {
            EngineOf(handshake).EndHandshake(error);
        }
        catch (Exception exception)
        {
            cause = exception;
        }

        ReadOnlySpan<byte> none = default;
        if (_engine is null || (!Handshake(ref none) && _handshake is not null))
        {
            // There is none, or it does not wait for the peer.
            FailHandshake(handshake, cause);
        }
    }

    private void FailHandshake(ITlsHandshakeSink handshake, Exception exception)
    {
        _handshake = null;
        _hasFailed = true;
        _hasInputEnded = true;
        handshake.OnHandshakeFailed(exception);
    }

    // Decrypts until nothing is left or the sink has enough.
    private ReadVerdict Decrypt(ref ReadOnlySpan<byte> ciphertext)
    {
        Memory<byte> buffer = Loop.Plaintext;
        ReadVerdict verdict = _isAwaited ? ReadVerdict.Await : ReadVerdict.Continue;
        while (!_isAborted && !_hasInputEnded)
        {
            ReadOnlySpan<byte> next = ciphertext[..Math.Min(ciphertext.Length, FeedLength)];
            int fed = next.Length;
            TlsDecryption result;
            int length;
            try
            {
                result = _engine!.Decrypt(ref next, buffer, out length);
                TlsOutput.ThrowIfReplied();
            }
            catch (Exception exception)
            {
                Fail(exception);
                break;
            }

            ciphertext = ciphertext[(fed - next.Length)..];
            if (result == TlsDecryption.NeedsMore)
            {
                if (ciphertext.IsEmpty)
                {
                    return verdict;
                }

                if (Slice?.TryGoOn() == false)
                {
                    return ReadVerdict.Yield;
                }

                continue;
            }

            if (result == TlsDecryption.Ended)
            {
                _hasInputEnded = true;
                Sink.OnInputEnded();
                break;
            }

            verdict = Note(Sink.OnReceived(buffer.Span[..length]));
            if (MustStop(verdict))
            {
                return verdict;
            }

            if (!ciphertext.IsEmpty && Slice?.TryGoOn() == false)
            {
                return ReadVerdict.Yield;
            }
        }

        // Nothing behind the end counts.
        ciphertext = default;
        return verdict;
    }

    // An alert reaches the peer first, if the engine has made one: a reset would destroy it.
    private void Fail(Exception exception)
    {
        if (_output.TrySendAlert())
        {
            _failure = exception;
            _isAborted = true;
            _output.Discard();
            _below.Close();
        }
        else
        {
            Abort(exception);
        }
    }

    private ReadVerdict DecryptKept()
    {
        ReadOnlySpan<byte> rest = _kept.AsSpan(_keptStart, _keptEnd - _keptStart);
        ReadVerdict verdict = Process(ref rest);
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
            _keptStart = 0;
            _keptEnd = 0;
        }
    }

    // Continues what was requested, as far as the socket takes it.
    private void Advance()
    {
        if (_isWriting && _output.IsDiscarding)
        {
            _isWriting = false;
            _pending = default;
        }

        while (_isWriting && !_output.IsBlocked && !_isAborted)
        {
            _pending = _pending[TryWrite(_pending.Span)..];
            if (_pending.IsEmpty)
            {
                _isWriting = false;
                Sink.OnWritten();
            }
        }

        if (_isWriting || _output.IsBlocked || _isAborted)
        {
            return;
        }

        if (_mustEndOutput)
        {
            EndOutput();
        }

        if (_mustClose && !_output.IsBlocked)
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
            try
            {
                _output.End();
            }
            catch (Exception exception)
            {
                Abort(exception);
                return;
            }
        }

        if (!_output.IsBlocked)
        {
            _mustEndOutput = false;
            _below.ShutdownOutput();
        }
    }
}
