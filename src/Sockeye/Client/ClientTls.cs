using System.Net.Security;

namespace Sockeye.Client;

/// <summary>TLS, as a client: over whatever leads to the server, a tunnel through a proxy as well.</summary>
internal static class ClientTls
{
    /// <summary>Does the handshake of TLS.</summary>
    /// <returns>The stream over it, which owns the one below.</returns>
    public static async Task<Stream> AuthenticateAsync(
        Stream stream, SslClientAuthenticationOptions? options, string host, CancellationToken cancellationToken)
    {
        var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(WithHost(options, host), cancellationToken).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // The options are the application's, and may be those of clients of other hosts.
    private static SslClientAuthenticationOptions WithHost(SslClientAuthenticationOptions? options, string host)
    {
        if (options is null or { TargetHost: not null })
        {
            return options ?? new() { TargetHost = host };
        }

        var copy = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            AllowRenegotiation = options.AllowRenegotiation,
            AllowTlsResume = options.AllowTlsResume,
            ApplicationProtocols = options.ApplicationProtocols,
            CertificateChainPolicy = options.CertificateChainPolicy,
            CertificateRevocationCheckMode = options.CertificateRevocationCheckMode,
            CipherSuitesPolicy = options.CipherSuitesPolicy,
            ClientCertificateContext = options.ClientCertificateContext,
            ClientCertificates = options.ClientCertificates,
            EnabledSslProtocols = options.EnabledSslProtocols,
            EncryptionPolicy = options.EncryptionPolicy,
            LocalCertificateSelectionCallback = options.LocalCertificateSelectionCallback,
            RemoteCertificateValidationCallback = options.RemoteCertificateValidationCallback,
        };
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            copy.AllowRsaPkcs1Padding = options.AllowRsaPkcs1Padding;
            copy.AllowRsaPssPadding = options.AllowRsaPssPadding;
        }

        return copy;
    }
}
