using System.Runtime.ExceptionServices;
using System.Security.Authentication;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>An SSL object: one connection of OpenSSL, which reads from spans and writes to a sink.</summary>
/// <remarks>
/// Not thread-safe: OpenSSL allows one call at a time. The SSL object owns its BIO and a reference to its SSL_CTX. It is freed by
/// <see cref="Dispose"/>, or by the finalizer of a session that was forgotten; that cannot run during a call, in which
/// <see cref="Current"/> keeps the session reachable.
/// </remarks>
internal sealed unsafe class OpenSslSession : IDisposable
{
    // A call may call the application, which may use other sessions on this thread: calls are nested.
    [ThreadStatic]
    private static OpenSslSession? ThreadCurrent;

    private nint _ssl;

    // Valid during a call only.
    private byte* _input;
    private int _inputLength;
    private bool _isStarved;
    private Exception? _failure;

    /// <summary>Creates the SSL object of a server.</summary>
    /// <param name="context">Its certificate and rules.</param>
    /// <param name="handshake">What the handshake asks for.</param>
    /// <exception cref="AuthenticationException">OpenSSL has failed.</exception>
    public OpenSslSession(OpenSslContext context, IOpenSslHandshake handshake)
    {
        Rules = handshake;
        _ssl = context.NewSession();
        try
        {
            // For both directions, which takes the reference.
            nint bio = OpenSslBio.Create();
            OpenSslNative.SetBio(_ssl, bio, bio);
        }
        catch
        {
            Free();
            throw;
        }

        OpenSslNative.SetAcceptState(_ssl);
    }

    /// <summary>Frees the SSL object of a session that was not disposed of.</summary>
    ~OpenSslSession() => Free();

    /// <summary>The session of the innermost call that is in progress on this thread.</summary>
    public static OpenSslSession? Current => ThreadCurrent;

    /// <summary>Takes records. Set before any call.</summary>
    public ICiphertextSink? Output { get; set; }

    /// <summary>What the handshake asks for.</summary>
    public IOpenSslHandshake Rules { get; }

    /// <summary>How much ciphertext of the last call was not read.</summary>
    public int UnreadLength => _inputLength;

    /// <summary>Whether the last call has ended because all ciphertext was read.</summary>
    public bool IsStarved => _isStarved;

    /// <summary>Whether the peer has sent close_notify. A fatal alert sets the same flag, but leaves the connection in no usable state.</summary>
    public bool HasReceivedEnd =>
        (OpenSslNative.GetShutdown(Address) & OpenSslNative.ReceivedShutdown) != 0 && OpenSslNative.IsInHandshake(Address) == 0;

    /// <summary>The address of the SSL object, valid until the session is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_ssl == 0, this);
            return _ssl;
        }
    }

    /// <summary>Continues the handshake.</summary>
    /// <returns>The result of SSL_do_handshake: 1 if it is complete.</returns>
    public int Handshake(ReadOnlySpan<byte> ciphertext)
    {
        nint ssl = Address;
        fixed (byte* input = ciphertext)
        {
            OpenSslSession? outer = Begin(input, ciphertext.Length);
            try
            {
                return OpenSslNative.DoHandshake(ssl);
            }
            finally
            {
                End(outer);
            }
        }
    }

    /// <summary>Decrypts until the buffer is full or all ciphertext is read.</summary>
    /// <param name="ciphertext">The ciphertext.</param>
    /// <param name="plaintext">Where to put what is decrypted.</param>
    /// <param name="length">The length of the plaintext, also after an error.</param>
    /// <returns>The last result of SSL_read: not positive if it has ended for another reason.</returns>
    public int Read(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext, out int length)
    {
        nint ssl = Address;
        length = 0;
        int count;
        fixed (byte* input = ciphertext, output = plaintext)
        {
            OpenSslSession? outer = Begin(input, ciphertext.Length);
            try
            {
                do
                {
                    int space = plaintext.Length - length;
                    count = OpenSslNative.Read(ssl, output + length, space);
                    length += Math.Max(count, 0);
                    if (count < space && _inputLength == 0)
                    {
                        // The record is used up, and there is no other.
                        _isStarved |= count > 0;
                        return count;
                    }
                }
                while (count > 0 && length < plaintext.Length);
            }
            finally
            {
                End(outer);
            }
        }

        return count;
    }

    /// <summary>Encrypts all of a piece.</summary>
    /// <returns>Whether that has succeeded.</returns>
    public bool Write(ReadOnlySpan<byte> plaintext)
    {
        nint ssl = Address;
        fixed (byte* input = plaintext)
        {
            OpenSslSession? outer = Begin(null, 0);
            try
            {
                return OpenSslNative.Write(ssl, input, plaintext.Length) == plaintext.Length;
            }
            finally
            {
                End(outer);
            }
        }
    }

    /// <summary>Writes close_notify (RFC 8446 §6.1).</summary>
    /// <returns>Whether that has succeeded.</returns>
    public bool End()
    {
        nint ssl = Address;
        OpenSslSession? outer = Begin(null, 0);
        try
        {
            return OpenSslNative.Shutdown(ssl) >= 0;
        }
        finally
        {
            End(outer);
        }
    }

    /// <summary>Throws an exception that a callback of the last call has kept.</summary>
    public void ThrowIfCallbackFailed()
    {
        if (_failure is { } failure)
        {
            _failure = null;
            OpenSslNative.ErrorClear();
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Keeps an exception, which must not pass through native code.</summary>
    public void Keep(Exception exception) => _failure ??= exception;

    /// <summary>Copies ciphertext for OpenSSL.</summary>
    /// <returns>The length; -1 if there is none.</returns>
    public int TakeInput(Span<byte> buffer)
    {
        int length = Math.Min(buffer.Length, _inputLength);
        if (length == 0)
        {
            _isStarved = true;
            return -1;
        }

        new ReadOnlySpan<byte>(_input, length).CopyTo(buffer);
        _input += length;
        _inputLength -= length;
        return length;
    }

    /// <summary>Passes records on.</summary>
    /// <returns>The length; -1 if that has failed.</returns>
    public int PassOutput(ReadOnlySpan<byte> records)
    {
        try
        {
            Output!.OnRecords(records);
            return records.Length;
        }
        catch (Exception exception)
        {
            Keep(exception);
            return -1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private OpenSslSession? Begin(byte* input, int length)
    {
        _input = input;
        _inputLength = length;
        _isStarved = false;
        OpenSslSession? outer = ThreadCurrent;
        ThreadCurrent = this;
        return outer;
    }

    private void End(OpenSslSession? outer)
    {
        ThreadCurrent = outer;
        _input = null;
    }

    private void Free()
    {
        nint ssl = _ssl;
        _ssl = 0;
        if (ssl != 0)
        {
            OpenSslNative.Free(ssl);
        }
    }
}
