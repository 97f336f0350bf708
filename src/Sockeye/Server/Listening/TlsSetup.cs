using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Server.Listening;

/// <summary>Finds TLS options with which no client could connect, so that the server, not each client, reports the fault.</summary>
internal static class TlsSetup
{
    /// <summary>Returns the fault of a server's TLS options; <see langword="null"/> if none is found.</summary>
    /// <param name="options">The options.</param>
    /// <param name="engine">What does TLS.</param>
    public static string? FaultOf(SslServerAuthenticationOptions? options, WebSocketTlsEngine engine) =>
        FaultOf(options) ?? (engine == WebSocketTlsEngine.OpenSsl ? OpenSslServerOptions.FaultOf(options!) : null);

    private static string? FaultOf(SslServerAuthenticationOptions? options) => options switch
    {
        null => "There are no options for TLS.",
        { ServerCertificateSelectionCallback: not null } => null,
        { ServerCertificateContext: { } context } => FaultOf(context.TargetCertificate),
        { ServerCertificate: X509Certificate2 certificate } => FaultOf(certificate),
        { ServerCertificate: null } => "TLS has no certificate.",
        _ => null,
    };

    private static string? FaultOf(X509Certificate2 certificate) =>
        certificate.HasPrivateKey ? null : $"The certificate of {certificate.Subject} has no private key.";
}
