using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>What a server's options mean for OpenSSL.</summary>
internal static unsafe class OpenSslServerOptions
{
    private const SslProtocols Supported = SslProtocols.Tls12 | SslProtocols.Tls13;
    private const int Tls13SuitesPrefix = 0x13;

    /// <summary>Returns what OpenSSL cannot do of a server's options; <see langword="null"/> if that is nothing.</summary>
    public static string? FaultOf(SslServerAuthenticationOptions options) =>
        (options.EnabledSslProtocols & ~Supported) != 0 ? "OpenSSL in place supports TLS 1.2 and TLS 1.3 only."
        : options.EncryptionPolicy != EncryptionPolicy.RequireEncryption ? "OpenSSL in place always encrypts."
        : options is { ClientCertificateRequired: true, ServerCertificateContext: { } context } && HasTrust(context)
            ? "OpenSSL in place does not support SslCertificateTrust: set a CertificateChainPolicy with a CustomTrustStore instead."
        : options is { AllowRsaPkcs1Padding: false } or { AllowRsaPssPadding: false } ? "OpenSSL in place supports all paddings of RSA."
        : null;

    /// <summary>Returns the list of ALPN, each protocol behind its length (RFC 7301 §3.1).</summary>
    public static byte[] ProtocolsOf(SslServerAuthenticationOptions options) =>
        options.ApplicationProtocols is { Count: > 0 } protocols
            ? [.. protocols.SelectMany(static protocol => (byte[])[(byte)protocol.Protocol.Length, .. protocol.Protocol.Span])]
            : [];

    /// <summary>Sets what is different from the context for one connection.</summary>
    /// <param name="ssl">The SSL object, before its handshake.</param>
    /// <param name="options">The options.</param>
    /// <param name="mayLackCertificate">Whether the application's callback decides about a client without a required certificate.</param>
    /// <exception cref="AuthenticationException">OpenSSL rejects an option.</exception>
    /// <exception cref="NotSupportedException">OpenSSL does not support the options, or none of the cipher suites.</exception>
    public static void Apply(nint ssl, SslServerAuthenticationOptions options, bool mayLackCertificate)
    {
        // The application may have changed them since the server has started.
        if (FaultOf(options) is { } fault)
        {
            throw new NotSupportedException(fault);
        }

        if (options.EnabledSslProtocols != SslProtocols.None)
        {
            bool hasTls12 = options.EnabledSslProtocols.HasFlag(SslProtocols.Tls12);
            bool hasTls13 = options.EnabledSslProtocols.HasFlag(SslProtocols.Tls13);
            SetVersion(ssl, OpenSslNative.ControlSetMinVersion, hasTls12 ? OpenSslNative.Tls12 : OpenSslNative.Tls13);
            SetVersion(ssl, OpenSslNative.ControlSetMaxVersion, hasTls13 ? OpenSslNative.Tls13 : OpenSslNative.Tls12);
        }

        if (!options.AllowTlsResume)
        {
            _ = OpenSslNative.SetOptions(ssl, OpenSslNative.NoTicket);
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.SetTicketCount(ssl, 0));
        }

        if (options.ClientCertificateRequired)
        {
            int mode = OpenSslNative.VerifyPeer | (mayLackCertificate ? 0 : OpenSslNative.VerifyFailsWithoutCertificate);
            OpenSslNative.SetVerify(ssl, mode, callback: 0);
        }

        if (options.CipherSuitesPolicy is { } policy)
        {
            SetSuites(ssl, policy);
        }

        SetSessionContext(ssl, options);
    }

    // A session is resumed with its own version and suite: only under the options under which it was made.
    private static void SetSessionContext(nint ssl, SslServerAuthenticationOptions options)
    {
        if (options is { EnabledSslProtocols: SslProtocols.None, CipherSuitesPolicy: null })
        {
            return;
        }

#pragma warning disable CA1416 // A policy exists only where it is supported.
        string rules = $"{(int)options.EnabledSslProtocols}:{string.Join(',', options.CipherSuitesPolicy?.AllowedCipherSuites ?? [])}";
#pragma warning restore CA1416
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(rules), digest);
        fixed (byte* value = digest)
        {
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.SetSessionIdContext(ssl, value, (uint)digest.Length));
        }
    }

    // The platform has no public property for it. Where it cannot be read, there might be one: a client must not be trusted more than
    // the application says.
    private static bool HasTrust(SslStreamCertificateContext context)
    {
        try
        {
            return TrustOf(context) is not null;
        }
        catch (MissingFieldException)
        {
            return true;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Trust")]
    private static extern ref SslCertificateTrust? TrustOf(SslStreamCertificateContext context);

    private static void SetVersion(nint ssl, int command, int version) =>
        OpenSslErrors.ThrowUnlessOne(OpenSslNative.Control(ssl, command, version, 0));

    // OpenSSL has two lists: one for TLS 1.3, whose suites begin with 0x13, and one for what was before.
    private static void SetSuites(nint ssl, CipherSuitesPolicy policy)
    {
#pragma warning disable CA1416 // A policy exists only where it is supported.
        ILookup<bool, string> names = policy.AllowedCipherSuites
            .Where(suite => NameOf(ssl, suite) is not null)
            .ToLookup(static suite => (int)suite >> 8 == Tls13SuitesPrefix, suite => NameOf(ssl, suite)!);
#pragma warning restore CA1416
        if (names.Count == 0)
        {
            throw new NotSupportedException("OpenSSL supports none of the cipher suites in the policy.");
        }

        // A version without suites would fail the handshakes of the other one too.
        if (names.Contains(true))
        {
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.SetCipherSuites(ssl, string.Join(':', names[true])));
        }
        else
        {
            SetVersion(ssl, OpenSslNative.ControlSetMaxVersion, OpenSslNative.Tls12);
        }

        if (names.Contains(false))
        {
            OpenSslErrors.ThrowUnlessOne(OpenSslNative.SetCipherList(ssl, string.Join(':', names[false])));
        }
        else
        {
            SetVersion(ssl, OpenSslNative.ControlSetMinVersion, OpenSslNative.Tls13);
        }
    }

    // Suites that the library does not have are left out.
    private static string? NameOf(nint ssl, TlsCipherSuite suite)
    {
        byte* id = stackalloc byte[2] { (byte)((int)suite >> 8), (byte)suite };
        nint cipher = OpenSslNative.CipherFind(ssl, id);
        return cipher == 0 ? null : Marshal.PtrToStringUTF8(OpenSslNative.CipherName(cipher));
    }
}
