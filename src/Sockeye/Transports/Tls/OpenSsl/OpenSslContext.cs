using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>An SSL_CTX: the certificate, the key and the rules of a server, and the keys of its session tickets.</summary>
/// <remarks>
/// Not changed after it was created, so that any number of threads may use it. An SSL object keeps a reference to its SSL_CTX, which is
/// therefore freed after the last of its connections.
/// </remarks>
internal sealed unsafe class OpenSslContext : SafeHandle
{
    // For TLS 1.2: authenticated encryption with forward secrecy (RFC 9325 §4.2). Those of TLS 1.3 are all of that kind.
    private const string DefaultCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

    /// <summary>Creates an SSL_CTX of a server, without a certificate.</summary>
    /// <exception cref="AuthenticationException">OpenSSL has failed.</exception>
    public OpenSslContext()
        : base(invalidHandleValue: 0, ownsHandle: true)
    {
        SetHandle(OpenSslNative.ContextNew(OpenSslNative.ServerMethod()));
        if (IsInvalid)
        {
            throw new AuthenticationException(OpenSslErrors.Take());
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Creates a context whose handshakes are suspended behind the client's first message.</summary>
    public static OpenSslContext ForHello()
    {
        var context = new OpenSslContext();
        OpenSslNative.ContextSetHelloCallback(context.handle, &OpenSslCallbacks.OnHello, argument: 0);
        return context;
    }

    /// <summary>Creates the context of a certificate.</summary>
    /// <param name="certificate">The certificate, with its key and chain.</param>
    /// <param name="canResume">
    /// Whether sessions can be resumed. Those with a client's certificate cannot: it would not be checked again.
    /// </param>
    /// <exception cref="AuthenticationException">OpenSSL rejects the certificate.</exception>
    public static OpenSslContext For(OpenSslCertificate certificate, bool canResume)
    {
        var context = new OpenSslContext();
        try
        {
            context.Configure(canResume);
            context.Use(certificate);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Creates an SSL object, which the caller owns.</summary>
    /// <exception cref="AuthenticationException">OpenSSL has failed.</exception>
    public nint NewSession()
    {
        bool isReferenced = false;
        try
        {
            DangerousAddRef(ref isReferenced);
            nint ssl = OpenSslNative.New(handle);
            return ssl != 0 ? ssl : throw new AuthenticationException(OpenSslErrors.Take());
        }
        finally
        {
            if (isReferenced)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        OpenSslNative.ContextFree(handle);
        return true;
    }

    private void Configure(bool canResume)
    {
        _ = OpenSslNative.ContextSetOptions(
            handle, OpenSslNative.NoCompression | OpenSslNative.NoRenegotiation | (canResume ? 0 : OpenSslNative.NoTicket));
        if (OpenSslNative.ContextControl(handle, OpenSslNative.ControlGetMinVersion, 0, 0) < OpenSslNative.Tls12)
        {
            // The configuration of the system may require more.
            OpenSslErrors.ThrowUnlessOne(
                OpenSslNative.ContextControl(handle, OpenSslNative.ControlSetMinVersion, OpenSslNative.Tls12, 0));
        }

        OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextSetCipherList(handle, DefaultCiphers));
        _ = OpenSslNative.ContextControl(handle, OpenSslNative.ControlMode, OpenSslNative.ModeReleaseBuffers, 0);

        // Sessions are in the tickets of clients: the server keeps none.
        _ = OpenSslNative.ContextControl(handle, OpenSslNative.ControlSessionCacheMode, 0, 0);
        if (!canResume)
        {
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextSetTicketCount(handle, 0));
        }

        fixed (byte* name = "Sockeye"u8)
        {
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextSetSessionIdContext(handle, name, (uint)"Sockeye"u8.Length));
        }

        OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextCallbackControl(
            handle, OpenSslNative.ControlServerNameCallback, &OpenSslCallbacks.AcknowledgeServerName));
        OpenSslNative.ContextSetProtocolCallback(handle, &OpenSslCallbacks.SelectProtocol, argument: 0);
        OpenSslNative.ContextSetVerifyCallback(handle, &OpenSslCallbacks.Verify, argument: 0);
    }

    private void Use(OpenSslCertificate certificate)
    {
        UseCertificate(certificate.Target, static (context, parsed) => OpenSslNative.ContextUseCertificate(context, parsed));
        foreach (byte[] intermediate in certificate.Intermediates)
        {
            UseCertificate(
                intermediate, static (context, parsed) => OpenSslNative.ContextControl(context, OpenSslNative.ControlAddChainCertificate, 1, parsed));
        }

        // The context takes its own reference to the key.
        SafeEvpPKeyHandle key = certificate.Key;
        bool isReferenced = false;
        try
        {
            key.DangerousAddRef(ref isReferenced);
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextUsePrivateKey(handle, key.DangerousGetHandle()));
        }
        finally
        {
            if (isReferenced)
            {
                key.DangerousRelease();
            }
        }

        OpenSslErrors.ThrowUnlessOne(OpenSslNative.ContextCheckPrivateKey(handle));
    }

    // The context takes its own reference to what was parsed.
    private void UseCertificate(ReadOnlySpan<byte> der, Func<nint, nint, nint> use)
    {
        nint parsed;
        fixed (byte* start = der)
        {
            byte* position = start;
            parsed = OpenSslNative.CertificateParse(0, &position, der.Length);
        }

        if (parsed == 0)
        {
            throw new AuthenticationException(OpenSslErrors.Take());
        }

        try
        {
            OpenSslErrors.ThrowUnlessOne(use(handle, parsed));
        }
        finally
        {
            OpenSslNative.CertificateFree(parsed);
        }
    }
}
