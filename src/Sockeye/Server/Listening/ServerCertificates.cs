using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Server.Listening;

/// <summary>
/// The contexts of certificates, made once for each: they have the chain, which is expensive to build, and on Linux the keys of session
/// tickets, without which no client could resume a session. Thread-safe.
/// </summary>
internal static class ServerCertificates
{
    private static readonly ConditionalWeakTable<X509Certificate2, SslStreamCertificateContext> Contexts = [];

    /// <summary>Whether the context of a certificate has been made.</summary>
    public static bool HasContextOf(X509Certificate2 certificate) => Contexts.TryGetValue(certificate, out _);

    /// <summary>The context of a certificate, which is kept as long as the certificate.</summary>
    public static SslStreamCertificateContext ContextOf(X509Certificate2 certificate) =>
        Contexts.GetValue(certificate, static key => SslStreamCertificateContext.Create(key, additionalCertificates: null));
}
