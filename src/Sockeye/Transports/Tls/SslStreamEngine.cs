using System.Net.Security;
using System.Security.Authentication;

namespace Sockeye.Transports.Tls;

/// <summary>
/// TLS by the platform's <see cref="SslStream"/>, driven in place: its asynchronous methods complete during the call that passes it what
/// they wait for, because the stream below continues them there.
/// </summary>
/// <remarks>
/// The stream must not renegotiate, which TLS 1.2 allows: a write would wait for the peer meanwhile. <see cref="TlsWitness"/> prevents it.
/// </remarks>
internal sealed unsafe class SslStreamEngine : TlsEngine
{
    // A header, an alert of two bytes, its type and a tag.
    private const int AlertLength = 24;

    private readonly CiphertextStream _below;
    private readonly SslStream _tls;
    private WebSocketTlsInformation? _information;
    private Task? _handshake;
    private ValueTask<int> _reading;
    private bool _isReading;
    private Memory<byte> _last;

    // SslStream reads ahead: it may hold data behind the end of the handshake.
    private bool _mayHoldMore = true;

    private static ReadOnlySpan<byte> AlertHeader => [0x17, 0x03, 0x03, 0x00, AlertLength - 5];

    /// <summary>Drives a stream from its handshake on.</summary>
    /// <param name="below">What is below the stream.</param>
    /// <param name="tls">The stream.</param>
    /// <param name="handshake">The handshake, which has begun and waits for the peer.</param>
    public SslStreamEngine(CiphertextStream below, SslStream tls, Task handshake)
    {
        _below = below;
        _tls = tls;
        _handshake = handshake;
    }

    /// <summary>Drives a stream whose handshake is complete.</summary>
    /// <param name="below">What is below the stream, which is taken over.</param>
    /// <param name="tls">The stream, which nothing else uses any more.</param>
    public SslStreamEngine(CiphertextStream below, SslStream tls)
    {
        _below = below;
        _tls = tls;
        _information = new WebSocketTlsInformation(tls);
        below.TakeOver();
    }

    /// <inheritdoc/>
    public override ICiphertextSink Output
    {
        set => _below.Output = value;
    }

    /// <inheritdoc/>
    public override WebSocketTlsInformation Information =>
        _information ?? throw new InvalidOperationException("The handshake is not complete.");

    /// <inheritdoc/>
    /// <remarks>
    /// SslStream returns the data before close_notify alone. It is not asked for more after each read, because it would wait, so that its end
    /// is known only when it is asked again.
    /// </remarks>
    public override bool HasInputEnded
    {
        get
        {
            if (_isReading || _last.IsEmpty)
            {
                // It waits for more, or has not begun.
                return false;
            }

            _isReading = true;
#pragma warning disable CA2012 // Consumed at once, if it has completed.
            _reading = _tls.ReadAsync(_last);
#pragma warning restore CA2012
            return _reading.IsCompletedSuccessfully && _reading.Result == 0;
        }
    }

    /// <inheritdoc/>
    public override bool Handshake(ref ReadOnlySpan<byte> ciphertext)
    {
        LeaveContext();
        fixed (byte* start = ciphertext)
        {
            _below.Feed(start, ciphertext.Length);
            ciphertext = ciphertext[^_below.UnreadLength..];
            _below.EndFeed();
        }

        if (!_handshake!.IsCompleted)
        {
            return false;
        }

        _handshake.GetAwaiter().GetResult();
        _handshake = null;
        _information = new WebSocketTlsInformation(_tls);
        return true;
    }

    /// <inheritdoc/>
    public override void EndHandshake(Exception? error) => _below.EndInput(error);

    /// <inheritdoc/>
    public override TlsDecryption Decrypt(ref ReadOnlySpan<byte> ciphertext, Memory<byte> plaintext, out int length)
    {
        length = 0;
        if (ciphertext.IsEmpty && !_mayHoldMore)
        {
            return TlsDecryption.NeedsMore;
        }

        LeaveContext();
        bool endsLikeAlert = EndsLikeAlert(ciphertext);
        fixed (byte* start = ciphertext)
        {
            _below.Feed(start, ciphertext.Length);
            if (!_isReading)
            {
                _isReading = true;
                _last = plaintext;
#pragma warning disable CA2012 // Consumed once, when it has completed.
                _reading = _tls.ReadAsync(plaintext);
#pragma warning restore CA2012
            }

            ciphertext = ciphertext[^_below.UnreadLength..];
            _below.EndFeed();
        }

        if (!_reading.IsCompleted)
        {
            // It has read everything, and will return what it holds.
            _mayHoldMore = false;
            return TlsDecryption.NeedsMore;
        }

        _isReading = false;
        length = _reading.GetAwaiter().GetResult();

        // It returns before a record that is not data, and does not tell that it has seen close_notify behind data.
        _mayHoldMore = length == plaintext.Length || endsLikeAlert || _tls.SslProtocol != SslProtocols.Tls13;
        return length == 0 ? TlsDecryption.Ended : TlsDecryption.Decrypted;
    }

    /// <inheritdoc/>
    public override void Encrypt(ReadOnlySpan<byte> plaintext) => _tls.Write(plaintext);

    /// <inheritdoc/>
    public override void EndOutput() => _tls.ShutdownAsync().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Dispose() => _tls.Dispose();

    // A context that a handler has left on this thread would move continuations to the thread pool.
    private static void LeaveContext()
    {
        if (SynchronizationContext.Current is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    // In TLS 1.3 all records look like data: an alert is known by its length, as data of two bytes is (RFC 8446 §5.2).
    private static bool EndsLikeAlert(ReadOnlySpan<byte> ciphertext) =>
        ciphertext.Length >= AlertLength && ciphertext[^AlertLength..].StartsWith(AlertHeader);
}
