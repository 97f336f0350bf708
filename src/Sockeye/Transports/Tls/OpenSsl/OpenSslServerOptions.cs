using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;

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
    /// <exception cref="AuthenticationException">OpenSSL rejects an option.</exception>
    /// <exception cref="NotSupportedException">None of the cipher suites is supported.</exception>
    public static void Apply(nint ssl, SslServerAuthenticationOptions options)
    {
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
        }

        if (options.ClientCertificateRequired)
        {
            // A callback of the application may accept a client without one.
            OpenSslNative.SetVerify(ssl, OpenSslNative.VerifyPeer, callback: 0);
        }

        if (options.CipherSuitesPolicy is { } policy)
        {
            SetSuites(ssl, policy);
        }
    }

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
