using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// Imports the public functions of OpenSSL 3 (https://docs.openssl.org/3.0/man3/), the library that .NET itself uses for TLS and
/// certificates on Linux. No other type knows its libraries.
/// </summary>
/// <remarks>
/// Objects of OpenSSL are plain addresses here. Who owns them, and until when they are valid, is said by the types that keep them.
/// </remarks>
internal static unsafe partial class OpenSslNative
{
    /// <summary>SSL_CTX_set_options and SSL_set_options: a TLS 1.3 session is kept nowhere, a TLS 1.2 session gets no ticket.</summary>
    public const ulong NoTicket = 1UL << 14;

    /// <summary>Compression leaks secrets (CRIME).</summary>
    public const ulong NoCompression = 1UL << 17;

    /// <summary>Rejects renegotiation (RFC 9325 §3.5).</summary>
    public const ulong NoRenegotiation = 1UL << 30;

    /// <summary>SSL_CTRL_MODE: sets modes.</summary>
    public const int ControlMode = 33;

    /// <summary>SSL_MODE_RELEASE_BUFFERS: the buffers of records are freed when they are empty.</summary>
    public const nint ModeReleaseBuffers = 0x10;

    /// <summary>SSL_CTRL_SET_SESS_CACHE_MODE; 0 turns the cache off.</summary>
    public const int ControlSessionCacheMode = 44;

    /// <summary>SSL_CTRL_SET_TLSEXT_SERVERNAME_CB: the callback about the host name.</summary>
    public const int ControlServerNameCallback = 53;

    /// <summary>SSL_CTRL_CHAIN_CERT; with 1 as its first argument the certificate is referenced, not taken.</summary>
    public const int ControlAddChainCertificate = 89;

    /// <summary>SSL_CTRL_SET_MIN_PROTO_VERSION: the lowest version.</summary>
    public const int ControlSetMinVersion = 123;

    /// <summary>SSL_CTRL_SET_MAX_PROTO_VERSION: the highest version.</summary>
    public const int ControlSetMaxVersion = 124;

    /// <summary>SSL_CTRL_GET_MIN_PROTO_VERSION: returns the lowest version.</summary>
    public const int ControlGetMinVersion = 130;

    /// <summary>TLS1_2_VERSION, on the wire (RFC 5246).</summary>
    public const int Tls12 = 0x0303;

    /// <summary>TLS1_3_VERSION, on the wire (RFC 8446).</summary>
    public const int Tls13 = 0x0304;

    /// <summary>SSL_VERIFY_PEER: asks for a client's certificate.</summary>
    public const int VerifyPeer = 1;

    /// <summary>SSL_VERIFY_FAIL_IF_NO_PEER_CERT: a client without a certificate is rejected, with an alert.</summary>
    public const int VerifyFailsWithoutCertificate = 2;

    /// <summary>SSL_RECEIVED_SHUTDOWN: the peer has sent close_notify.</summary>
    public const int ReceivedShutdown = 2;

    /// <summary>SSL_CLIENT_HELLO_RETRY: the handshake is suspended.</summary>
    public const int SuspendHello = -1;

    /// <summary>SSL_TLSEXT_ERR_OK: the extension is responded to.</summary>
    public const int ExtensionOk = 0;

    /// <summary>SSL_TLSEXT_ERR_ALERT_FATAL: the handshake fails.</summary>
    public const int ExtensionFatal = 2;

    /// <summary>SSL_TLSEXT_ERR_NOACK: the extension is not responded to.</summary>
    public const int ExtensionIgnored = 3;

    /// <summary>BIO_FLAGS_READ and BIO_FLAGS_SHOULD_RETRY: a read that returns nothing is to be repeated.</summary>
    public const int RetryRead = 0x01 | 0x08;

    /// <summary>BIO_CTRL_FLUSH: passes everything on.</summary>
    public const int ControlFlush = 11;

    /// <summary>BIO_TYPE_SOURCE_SINK: nothing is below it.</summary>
    public const int SourceSink = 0x0400;

    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    // OPENSSL_INIT_NO_ATEXIT: event loops still run while the process exits.
    private const ulong NoAtExit = 0x00080000;

    /// <summary>
    /// Why the library cannot be used; <see langword="null"/> if it can. The keys of certificates belong to the library that .NET has loaded,
    /// so that it must be the same one.
    /// </summary>
    public static string? WhyNot { get; } = Probe();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_new")]
    public static partial nint ContextNew(nint method);

    [LibraryImport(Ssl, EntryPoint = "TLS_server_method")]
    public static partial nint ServerMethod();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_free")]
    public static partial void ContextFree(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ContextControl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_callback_ctrl")]
    public static partial nint ContextCallbackControl(nint context, int command, delegate* unmanaged[Cdecl]<nint, nint, nint, int> callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_options")]
    public static partial ulong ContextSetOptions(nint context, ulong options);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_num_tickets")]
    public static partial int ContextSetTicketCount(nint context, nuint count);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_certificate")]
    public static partial int ContextUseCertificate(nint context, nint certificate);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_PrivateKey")]
    public static partial int ContextUsePrivateKey(nint context, nint key);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_check_private_key")]
    public static partial int ContextCheckPrivateKey(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_cipher_list", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ContextSetCipherList(nint context, string ciphers);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_session_id_context")]
    public static partial int ContextSetSessionIdContext(nint context, byte* value, uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_alpn_select_cb")]
    public static partial void ContextSetProtocolCallback(
        nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_cert_verify_callback")]
    public static partial void ContextSetVerifyCallback(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_client_hello_cb")]
    public static partial void ContextSetHelloCallback(
        nint context, delegate* unmanaged[Cdecl]<nint, int*, nint, int> callback, nint argument);

    [LibraryImport(Ssl, EntryPoint = "SSL_new")]
    public static partial nint New(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_free")]
    public static partial void Free(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_bio")]
    public static partial void SetBio(nint ssl, nint input, nint output);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_accept_state")]
    public static partial void SetAcceptState(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_ctrl")]
    public static partial nint Control(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_options")]
    public static partial ulong SetOptions(nint ssl, ulong options);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_num_tickets")]
    public static partial int SetTicketCount(nint ssl, nuint count);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_session_id_context")]
    public static partial int SetSessionIdContext(nint ssl, byte* value, uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_verify")]
    public static partial void SetVerify(nint ssl, int mode, nint callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_cipher_list", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetCipherList(nint ssl, string ciphers);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_ciphersuites", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetCipherSuites(nint ssl, string ciphers);

    [LibraryImport(Ssl, EntryPoint = "SSL_do_handshake")]
    public static partial int DoHandshake(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_read")]
    public static partial int Read(nint ssl, byte* buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_write")]
    public static partial int Write(nint ssl, byte* buffer, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_shutdown")]
    public static partial int Shutdown(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_shutdown")]
    public static partial int GetShutdown(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_in_init")]
    public static partial int IsInHandshake(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_version")]
    public static partial int Version(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_current_cipher")]
    public static partial nint CurrentCipher(nint ssl);

    [LibraryImport(Ssl, EntryPoint = "SSL_CIPHER_get_protocol_id")]
    public static partial ushort CipherProtocolId(nint cipher);

    [LibraryImport(Ssl, EntryPoint = "SSL_CIPHER_find")]
    public static partial nint CipherFind(nint ssl, byte* id);

    [LibraryImport(Ssl, EntryPoint = "SSL_CIPHER_get_name")]
    public static partial nint CipherName(nint cipher);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_servername")]
    public static partial nint ServerName(nint ssl, int type);

    [LibraryImport(Ssl, EntryPoint = "SSL_client_hello_get0_ext")]
    public static partial int HelloExtension(nint ssl, uint type, byte** content, nuint* length);

    [LibraryImport(Ssl, EntryPoint = "SSL_client_hello_get0_legacy_version")]
    public static partial uint HelloVersion(nint ssl);

    [LibraryImport(Crypto, EntryPoint = "BIO_get_new_index")]
    public static partial int BioNewIndex();

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint BioMethodNew(int type, string name);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_read")]
    public static partial int BioMethodSetRead(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_write")]
    public static partial int BioMethodSetWrite(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_ctrl")]
    public static partial int BioMethodSetControl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, nint, nint> control);

    [LibraryImport(Crypto, EntryPoint = "BIO_new")]
    public static partial nint BioNew(nint method);

    [LibraryImport(Crypto, EntryPoint = "BIO_set_init")]
    public static partial void BioSetInit(nint bio, int init);

    [LibraryImport(Crypto, EntryPoint = "BIO_set_flags")]
    public static partial void BioSetFlags(nint bio, int flags);

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ErrorClear();

    [LibraryImport(Crypto, EntryPoint = "ERR_peek_last_error")]
    public static partial nuint ErrorPeekLast();

    [LibraryImport(Crypto, EntryPoint = "ERR_error_string_n")]
    public static partial void ErrorString(nuint error, byte* buffer, nuint length);

    [LibraryImport(Crypto, EntryPoint = "d2i_X509")]
    public static partial nint CertificateParse(nint none, byte** der, nint length);

    [LibraryImport(Crypto, EntryPoint = "i2d_X509")]
    public static partial int CertificateWrite(nint certificate, byte** der);

    [LibraryImport(Crypto, EntryPoint = "X509_free")]
    public static partial void CertificateFree(nint certificate);

    [LibraryImport(Crypto, EntryPoint = "X509_STORE_CTX_get0_cert")]
    public static partial nint VerifiedCertificate(nint verification);

    [LibraryImport(Crypto, EntryPoint = "X509_STORE_CTX_get0_untrusted")]
    public static partial nint UntrustedCertificates(nint verification);

    [LibraryImport(Crypto, EntryPoint = "X509_STORE_CTX_set_error")]
    public static partial void VerificationSetError(nint verification, int error);

    [LibraryImport(Crypto, EntryPoint = "OPENSSL_sk_num")]
    public static partial int StackCount(nint stack);

    [LibraryImport(Crypto, EntryPoint = "OPENSSL_sk_value")]
    public static partial nint StackItem(nint stack, int index);

    [LibraryImport(Ssl, EntryPoint = "OPENSSL_init_ssl")]
    private static partial int Initialize(ulong options, nint settings);

    [LibraryImport(Crypto, EntryPoint = "OpenSSL_version_num")]
    private static partial nuint VersionNumber();

    // One that lies beside the program is found before that of the system, which .NET has loaded.
    private static int LoadedCopies() => File.ReadLines("/proc/self/maps")
        .Select(static line => line[(line.IndexOf('/', StringComparison.Ordinal) + 1)..])
        .Where(static path => Path.GetFileName(path).StartsWith("libcrypto.so", StringComparison.Ordinal))
        .Distinct()
        .Count();

    private static string? Probe()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "it is used on Linux only";
        }

        try
        {
            if (Initialize(NoAtExit, settings: 0) != 1)
            {
                return "libssl.so.3 could not be initialized";
            }

            return (nuint)SafeEvpPKeyHandle.OpenSslVersion != VersionNumber() || LoadedCopies() != 1
                ? "the OpenSSL that .NET has loaded is another one than libssl.so.3"
                : null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or PlatformNotSupportedException)
        {
            // Not an error here: TLS runs on SslStream then, and the server logs why.
            return exception.Message;
        }
    }
}
