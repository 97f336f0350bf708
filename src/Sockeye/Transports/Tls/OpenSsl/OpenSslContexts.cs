using System.Net.Security;
using System.Runtime.CompilerServices;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// The contexts of certificates, made once for each, and again after half a day: with a context the keys of its session tickets change, so
/// that a stolen key does not open what was recorded long before (RFC 9325 §3.4). Thread-safe.
/// </summary>
internal static class OpenSslContexts
{
    private static readonly ConditionalWeakTable<SslStreamCertificateContext, Contexts> OfCertificates = [];

    private static readonly Lazy<OpenSslContext> OfHellos = new(OpenSslContext.ForHello, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>How long a context is used for new connections.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(12);

    /// <summary>The context for reading the first message of clients.</summary>
    public static OpenSslContext ForHello => OfHellos.Value;

    /// <summary>Returns the context for a server's options.</summary>
    /// <param name="options">The options, with the context of a certificate.</param>
    /// <param name="time">Measures how long a context was used.</param>
    /// <exception cref="InvalidOperationException">There is no certificate, or no private key.</exception>
    public static OpenSslContext For(SslServerAuthenticationOptions options, TimeProvider time) =>
        options.ServerCertificateContext is { } certificate
            ? OfCertificates.GetValue(certificate, static key => new Contexts(new OpenSslCertificate(key)))
                .For(canResume: !options.ClientCertificateRequired, time)
            : throw new InvalidOperationException("TLS has no certificate, or one without its private key.");

    private sealed class Contexts(OpenSslCertificate certificate)
    {
        private readonly Lock _gate = new();
        private OpenSslContext? _resuming;
        private OpenSslContext? _checking;
        private long _start;

        public OpenSslContext For(bool canResume, TimeProvider time)
        {
            lock (_gate)
            {
                if (!canResume)
                {
                    return _checking ??= OpenSslContext.For(certificate, canResume: false);
                }

                if (_resuming is null || time.GetElapsedTime(_start) > Lifetime)
                {
                    // The former one is freed after the last of its connections.
                    _resuming = OpenSslContext.For(certificate, canResume: true);
                    _start = time.GetTimestamp();
                }

                return _resuming;
            }
        }
    }
}
