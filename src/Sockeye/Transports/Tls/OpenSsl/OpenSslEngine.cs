using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>TLS of a server's connection by OpenSSL itself, without <see cref="SslStream"/>.</summary>
internal sealed class OpenSslEngine : TlsEngine, IOpenSslHandshake, ICiphertextSink
{
    private readonly TlsOpening? _opening;
    private readonly OpenSslSession _session;

    // OpenSSL allows one call at a time on a connection, and writes come on any thread.
    private readonly Lock _gate = new();

    // Until the handshake is over.
    private OpenSslClientCertificate? _client;
    private byte[]? _protocols;

    private volatile bool _isDisposed;

    private ICiphertextSink? _output;
    private WebSocketTlsInformation? _information;
    private bool _isInputOver;
    private Exception? _inputError;
    private bool _isReading;
    private bool _mayHoldMore = true;
    private bool _hasInputEnded;

    // What has ended the input behind plaintext that was passed on first, and the alert about it.
    private IOException? _error;
    private byte[]? _replies;

    /// <summary>Begins a handshake, which waits for the client.</summary>
    /// <param name="context">The context of the certificate in the options.</param>
    /// <param name="options">The options, of this connection alone.</param>
    /// <param name="sender">The first argument of the application's callbacks.</param>
    /// <param name="opening">Records the handshake; <see langword="null"/> if something else does.</param>
    /// <param name="mayLackCertificate">Whether the application's callback decides about a client without a required certificate.</param>
    /// <exception cref="AuthenticationException">OpenSSL rejects an option.</exception>
    public OpenSslEngine(
        OpenSslContext context, SslServerAuthenticationOptions options, object sender, TlsOpening? opening, bool mayLackCertificate)
    {
        _opening = opening;
        _client = new OpenSslClientCertificate(options, sender);
        _protocols = OpenSslServerOptions.ProtocolsOf(options);
        _session = new OpenSslSession(context, this) { Output = this };
        try
        {
            OpenSslServerOptions.Apply(_session.Address, options, mayLackCertificate);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override ICiphertextSink Output
    {
        set => _output = value;
    }

    /// <inheritdoc/>
    public override WebSocketTlsInformation Information =>
        _information ?? throw new InvalidOperationException("The handshake is not complete.");

    /// <inheritdoc/>
    public override bool HasInputEnded => _hasInputEnded;

    /// <inheritdoc/>
    ReadOnlySpan<byte> IOpenSslHandshake.ApplicationProtocols => _protocols;

    /// <inheritdoc/>
    public override bool Handshake(ref ReadOnlySpan<byte> ciphertext)
    {
        _opening?.AddReceived(ciphertext);
        if (_opening is { IsNotTls: true })
        {
            ciphertext = default;
            return _opening.MayBecomeHttp && !_isInputOver ? false : throw new IOException("The peer does not speak TLS.");
        }

        if (_isInputOver)
        {
            throw new IOException("The connection was lost.", _inputError ?? new EndOfStreamException());
        }

        try
        {
            lock (_gate)
            {
                int result = _session.Handshake(ciphertext);
                ciphertext = ciphertext[^_session.UnreadLength..];
                if (result != 1)
                {
                    _session.ThrowIfCallbackFailed();
                    return _session.IsStarved ? false : throw HandshakeFailed();
                }

                Complete();
                return true;
            }
        }
        finally
        {
            if (_isDisposed)
            {
                Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public override void EndHandshake(Exception? error)
    {
        _isInputOver = true;
        _inputError = error;
        if (_opening is not null)
        {
            _opening.HasEnded |= error is null;
            _opening.Failure ??= error;
        }
    }

    /// <inheritdoc/>
    public override TlsDecryption Decrypt(ref ReadOnlySpan<byte> ciphertext, Memory<byte> plaintext, out int length)
    {
        length = 0;
        ThrowIfFailed();
        if (_hasInputEnded)
        {
            return TlsDecryption.Ended;
        }

        if (ciphertext.IsEmpty && !_mayHoldMore)
        {
            return TlsDecryption.NeedsMore;
        }

        lock (_gate)
        {
            _isReading = true;
            int result = _session.Read(ciphertext, plaintext.Span, out length);
            _isReading = false;
            ciphertext = ciphertext[^_session.UnreadLength..];

            // A full buffer says nothing of what is behind it.
            _mayHoldMore = !_session.IsStarved;
            if (result <= 0 && !_session.IsStarved)
            {
                EndInput();
            }
            else if (_replies is not null)
            {
                _error = new IOException("The peer began a renegotiation of TLS, which an open connection does not support.");
            }
        }

        if (length != 0)
        {
            return TlsDecryption.Decrypted;
        }

        ThrowIfFailed();
        return _hasInputEnded ? TlsDecryption.Ended : TlsDecryption.NeedsMore;
    }

    /// <inheritdoc/>
    public override void Encrypt(ReadOnlySpan<byte> plaintext)
    {
        lock (_gate)
        {
            if (!_session.Write(plaintext))
            {
                Throw();
            }
        }
    }

    /// <inheritdoc/>
    public override void EndOutput()
    {
        lock (_gate)
        {
            if (!_session.End())
            {
                Throw();
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        // A handshake that calls the application does it when that returns. The transport calls nothing else meanwhile.
        _isDisposed = true;
        if (_gate.IsHeldByCurrentThread || !_gate.TryEnter())
        {
            return;
        }

        try
        {
            _session.Dispose();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <inheritdoc/>
    void IOpenSslHandshake.OnHello(SslClientHelloInfo hello)
    {
        // The options were selected before.
    }

    /// <inheritdoc/>
    OpenSslVerdict IOpenSslHandshake.Check(byte[] certificate, IReadOnlyList<byte[]> others) => _client!.Check(certificate, others);

    /// <inheritdoc/>
    void ICiphertextSink.OnRecords(ReadOnlySpan<byte> records)
    {
        if (_isReading)
        {
            // An alert, which ends the connection. Another thread may be writing.
            _replies = [.. _replies ?? [], .. records];
            return;
        }

        if (_information is null)
        {
            _opening?.AddSent(records);
        }

        _output!.OnRecords(records);
    }

    private AuthenticationException HandshakeFailed()
    {
        if (OpenSslErrors.IsMissingCertificate)
        {
            // The callback learns of it, as it does with SslStream.
            _ = _client!.CheckAbsence();
        }

        return new AuthenticationException(OpenSslErrors.Take());
    }

    private void Complete()
    {
        nint ssl = _session.Address;
        if (!_client!.CheckAbsence())
        {
            throw new AuthenticationException("The certificate of the client was rejected.");
        }

        _information = new WebSocketTlsInformation(
            OpenSslNative.Version(ssl) == OpenSslNative.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12,
            (TlsCipherSuite)OpenSslNative.CipherProtocolId(OpenSslNative.CurrentCipher(ssl)),
            TlsHelloExtensions.ServerNameOf(Marshal.PtrToStringUTF8(OpenSslNative.ServerName(ssl, type: 0))),
            _client.Certificate);

        // Only the handshake needs them.
        _client = null;
        _protocols = null;
    }

    private void EndInput()
    {
        _session.ThrowIfCallbackFailed();
        _hasInputEnded = _session.HasReceivedEnd;
        if (!_hasInputEnded)
        {
            _error = new IOException(OpenSslErrors.Take());
        }
    }

    private void ThrowIfFailed()
    {
        if (_error is null)
        {
            return;
        }

        if (_replies is { } replies)
        {
            _replies = null;
            _output!.OnRecords(replies);
        }

        throw _error;
    }

    private void Throw()
    {
        _session.ThrowIfCallbackFailed();
        throw new IOException(OpenSslErrors.Take());
    }
}
