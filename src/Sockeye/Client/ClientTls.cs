using System.Net.Security;
using System.Security.Authentication;
using Sockeye.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>Performs the client's side of TLS, on a direct transport or in the tunnel of a proxy.</summary>
internal static class ClientTls
{
    /// <summary>Performs the TLS handshake.</summary>
    /// <returns>The TLS stream, which owns the stream below it. The caller ends the record.</returns>
    /// <remarks>A failure is recorded in the progress.</remarks>
    public static async Task<SslStream> AuthenticateAsync(
        TlsWitness witness, SslClientAuthenticationOptions? options, string host, bool mayBeHttp2, HandshakeProgress progress,
        CancellationToken cancellationToken)
    {
        SslClientAuthenticationOptions complete = Complete(options ?? new(), host, mayBeHttp2);
        var check = new CertificateCheck(complete.RemoteCertificateValidationCallback, complete.TargetHost);
        complete.RemoteCertificateValidationCallback = check.Validate;
        complete.LocalCertificateSelectionCallback = TlsCallbackException.Mark(complete.LocalCertificateSelectionCallback);
        var tls = new SslStream(witness);
        try
        {
            await tls.AuthenticateAsClientAsync(complete, cancellationToken).ConfigureAwait(false);
            return tls;
        }
        catch (Exception exception)
        {
            var diagnosis = TlsDiagnosis.For(witness.Opening, check, exception);
            progress.Tls = diagnosis;

            // The platform would report a failed validation callback, even if the application has none.
            progress.Cause = check is { Diagnosis: not null, HasCallback: false }
                ? new AuthenticationException(diagnosis.Detail)
                : TlsCallbackException.Unwrap(exception);
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Returns a copy of the options for one connection. The application may use its options for other hosts too.
    /// </summary>
    public static SslClientAuthenticationOptions Complete(
        SslClientAuthenticationOptions options, string host, bool mayBeHttp2)
    {
        SslClientAuthenticationOptions copy = Copy(options);
        copy.TargetHost ??= host;
        copy.ApplicationProtocols = ProtocolsOf(options, mayBeHttp2);
        return copy;
    }

    /// <summary>
    /// Returns the options for a server of another origin, to which a redirect led: without the client certificate, which is a
    /// credential.
    /// </summary>
    public static SslClientAuthenticationOptions? WithoutClientCertificate(SslClientAuthenticationOptions? options)
    {
        if (options is null)
        {
            return null;
        }

        SslClientAuthenticationOptions copy = Copy(options);
        copy.ClientCertificateContext = null;
        copy.ClientCertificates = null;
        copy.LocalCertificateSelectionCallback = null;
        return copy;
    }

    private static SslClientAuthenticationOptions Copy(SslClientAuthenticationOptions options)
    {
        var copy = new SslClientAuthenticationOptions
        {
            TargetHost = options.TargetHost,
            ApplicationProtocols = options.ApplicationProtocols,
            AllowRenegotiation = options.AllowRenegotiation,
            AllowTlsResume = options.AllowTlsResume,
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

    // RFC 7301. HTTP/2 is offered only if the client may use it. HTTP/1.1 is then offered too, even if the client uses HTTP/2
    // only: a server without HTTP/2 completes TLS, and the client reports ExtendedConnectNotOffered.
    private static List<SslApplicationProtocol>? ProtocolsOf(SslClientAuthenticationOptions options, bool mayBeHttp2) =>
        mayBeHttp2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]
        : options.ApplicationProtocols is null ? null
        : [.. options.ApplicationProtocols.Where(protocol => protocol != SslApplicationProtocol.Http2)];
}
