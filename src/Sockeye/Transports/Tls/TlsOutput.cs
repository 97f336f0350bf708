using System.Buffers;
using Sockeye.Transports.Loops;

namespace Sockeye.Transports.Tls;

/// <summary>
/// The writing half of a <see cref="TlsTransport"/>: encrypts into as few records as possible, sends them with as few system calls, and keeps
/// what the socket does not take.
/// </summary>
/// <remarks>
/// Ciphertext cannot be taken back: while some is kept, nothing is encrypted. Any thread may write, one at a time; the loop's thread calls the
/// rest.
/// </remarks>
internal sealed class TlsOutput(EventLoopTransport below, ArrayPool<byte> pool) : ICiphertextSink
{
    // What is encrypted at once, which the engine passes on at once.
    private const int ChunkLength = 2 * TlsRecord.MaxPlaintextLength;

    // Records as long as this are sent from where they are, shorter ones are gathered.
    private const int DirectLength = TlsRecord.MaxPlaintextLength + 4 * 1024;

    // For the writes of a thread, one after the other: a write is encrypted before it returns.
    [ThreadStatic]
    private static byte[]? Joined;

    // Held while the engine encrypts: it must not be disposed of meanwhile.
    private readonly Lock _gate = new();

    private TlsEngine? _engine;
    private byte[]? _unsent;
    private volatile bool _isBlocked;
    private volatile bool _isDiscarding;
    private bool _isDisposed;

    /// <summary>Whether ciphertext waits until the socket takes it; then <see cref="OnWritten"/> is called.</summary>
    public bool IsBlocked => _isBlocked;

    /// <summary>Whether <see cref="Discard"/> was called.</summary>
    public bool IsDiscarding => _isDiscarding;

    /// <summary>From now on everything is discarded, also the rest of what another thread encrypts. Any thread.</summary>
    public void Discard() => _isDiscarding = true;

    /// <summary>Sets the engine, which is owned from now on.</summary>
    public void Use(TlsEngine engine)
    {
        _engine = engine;
        engine.Output = this;
    }

    /// <summary>Encrypts and sends what can be sent without waiting.</summary>
    /// <returns>The number of bytes of both spans together that were encrypted; all of them after the end.</returns>
    /// <exception cref="Exception">TLS has failed.</exception>
    public int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (_isBlocked)
        {
            return 0;
        }

        lock (_gate)
        {
            if (_isDisposed || _isDiscarding)
            {
                return first.Length + second.Length;
            }

            try
            {
                return Encrypt(_engine!, first, second);
            }
            catch
            {
                _ = CiphertextBuffer.Current.Take();
                throw;
            }
        }
    }

    /// <summary>Encrypts and sends close_notify (RFC 8446 §6.1).</summary>
    /// <exception cref="Exception">TLS has failed.</exception>
    public void End()
    {
        lock (_gate)
        {
            if (!_isDisposed && !_isDiscarding)
            {
                _engine!.EndOutput();
                Send(CiphertextBuffer.Current.Take(), second: default);
            }
        }
    }

    /// <summary>Sends what the engine has produced by itself: messages of the handshake, or an alert.</summary>
    /// <returns>Whether it was sent: not while earlier records are kept.</returns>
    public bool TrySendReplies()
    {
        lock (_gate)
        {
            ReadOnlySpan<byte> replies = CiphertextBuffer.Current.Take();
            if (replies.IsEmpty || _isBlocked)
            {
                return replies.IsEmpty;
            }

            Send(replies, second: default);
            return true;
        }
    }

    /// <summary>Sends the alert that the engine has produced about what it received.</summary>
    /// <returns>Whether there is one, and all of it was sent.</returns>
    public bool TrySendAlert()
    {
        lock (_gate)
        {
            ReadOnlySpan<byte> alert = CiphertextBuffer.Current.Take();
            return !alert.IsEmpty && !_isBlocked && !_isDisposed && below.TryWrite(alert) == alert.Length;
        }
    }

    /// <summary>Checks that the engine has produced nothing by itself after the handshake, as it would for a renegotiation.</summary>
    /// <exception cref="IOException">It has.</exception>
    public static void ThrowIfReplied()
    {
        if (!CiphertextBuffer.Current.Take().IsEmpty)
        {
            throw new IOException("The peer began a renegotiation of TLS, which an open connection does not support.");
        }
    }

    /// <summary>The socket has taken what was kept.</summary>
    public void OnWritten() => ReleaseUnsent();

    /// <summary>The output has failed: what is kept is dropped.</summary>
    public void OnFailed() => ReleaseUnsent();

    /// <summary>Disposes of the engine. Writes have no effect any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _engine?.Dispose();
        }

        ReleaseUnsent();
    }

    /// <inheritdoc/>
    void ICiphertextSink.OnRecords(ReadOnlySpan<byte> records)
    {
        if (records.Length >= DirectLength && !_isBlocked)
        {
            Send(CiphertextBuffer.Current.Take(), records);
        }
        else
        {
            CiphertextBuffer.Current.Add(records);
        }
    }

    private int Encrypt(TlsEngine engine, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
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
            engine.Encrypt(joined.AsSpan(0, taken));
            first = default;
            second = second[length..];
        }

        if (!first.IsEmpty)
        {
            taken += EncryptWhileTaken(engine, first);
        }

        return _isBlocked ? taken : taken + EncryptWhileTaken(engine, second);
    }

    private int EncryptWhileTaken(TlsEngine engine, ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        do
        {
            ReadOnlySpan<byte> next = bytes[taken..];
            next = next[..Math.Min(next.Length, ChunkLength)];
            if (!next.IsEmpty)
            {
                engine.Encrypt(next);
                taken += next.Length;
            }

            Send(CiphertextBuffer.Current.Take(), second: default);
        }
        while (taken < bytes.Length && !_isBlocked && !_isDiscarding);

        return _isDiscarding ? bytes.Length : taken;
    }

    private void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        if (length == 0)
        {
            return;
        }

        int taken = second.IsEmpty ? below.TryWrite(first) : below.TryWrite(first, second);
        if (taken == length)
        {
            return;
        }

        byte[] unsent = pool.Rent(length - taken);
        int firstTaken = Math.Min(taken, first.Length);
        first[firstTaken..].CopyTo(unsent);
        second[(taken - firstTaken)..].CopyTo(unsent.AsSpan(first.Length - firstTaken));
        _unsent = unsent;
        _isBlocked = true;
        if (below.Write(unsent.AsMemory(0, length - taken)))
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
            pool.Return(unsent);
        }

        _isBlocked = false;
    }
}
