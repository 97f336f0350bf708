using System.Net.Security;
using System.Security.Authentication;
using Sockeye.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>TLS, as a client: over whatever leads to the server, a tunnel through a proxy as well.</summary>
internal static class ClientTls
{
    /// <summary>Does the handshake of TLS.</summary>
    /// <returns>The stream over it, which owns the one below.</returns>
    /// <remarks>A failure is recorded in the progress.</remarks>
    public static async Task<SslStream> AuthenticateAsync(
        Stream stream, SslClientAuthenticationOptions? options, string host, bool mayBeHttp2, HandshakeProgress progress,
        CancellationToken cancellationToken)
    {
        SslClientAuthenticationOptions complete = Complete(options ?? new(), host, mayBeHttp2);
        var check = new CertificateCheck(complete.RemoteCertificateValidationCallback, complete.TargetHost);
        complete.RemoteCertificateValidationCallback = check.Validate;
        complete.LocalCertificateSelectionCallback = TlsCallbackException.Mark(complete.LocalCertificateSelectionCallback);
        var witness = new TlsWitness(stream);
        var tls = new SslStream(witness);
        try
        {
            await tls.AuthenticateAsClientAsync(complete, cancellationToken).ConfigureAwait(false);
            witness.StopRecording();
            return tls;
        }
        catch (Exception exception)
        {
            var diagnosis = TlsDiagnosis.For(witness, check, exception);
            progress.Tls = diagnosis;

            // The platform would blame a callback that the application may not have.
            progress.Cause = check is { Diagnosis: not null, IsOfApplication: false }
                ? new AuthenticationException(diagnosis.Detail)
                : TlsCallbackException.Unwrap(exception);
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The options for one connection: those of the application are its own, and may be for clients of other hosts too.
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
    /// The options for a server to which a redirect has led, and which is not to learn who the client is to the first: a
    /// certificate is a credential too.
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

    // RFC 7301. A server must not choose what is not spoken then; and one that would choose HTTP/2, but not for WebSocket,
    // is to say so rather than to end TLS.
    private static List<SslApplicationProtocol>? ProtocolsOf(SslClientAuthenticationOptions options, bool mayBeHttp2) =>
        mayBeHttp2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]
        : options.ApplicationProtocols is null ? null
        : [.. options.ApplicationProtocols.Where(protocol => protocol != SslApplicationProtocol.Http2)];
}
