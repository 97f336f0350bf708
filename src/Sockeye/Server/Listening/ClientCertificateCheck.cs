using System.Net.Security;
using Sockeye.Handshakes;

namespace Sockeye.Server.Listening;

/// <summary>Determines why the certificate of a client was rejected, if one is required, and which callbacks threw.</summary>
internal sealed class ClientCertificateCheck
{
    /// <summary>The check of the certificate; <see langword="null"/> if none is required.</summary>
    public CertificateCheck? Check { get; private set; }

    /// <summary>Returns the options for one connection. Those of the application are shared by all connections.</summary>
    /// <param name="options">The options of the application.</param>
    /// <param name="sender">The first argument for the callbacks of the application.</param>
    /// <param name="host">The host that the client requests; empty if it names none.</param>
    public SslServerAuthenticationOptions Over(SslServerAuthenticationOptions options, object sender, string host)
    {
        SslServerAuthenticationOptions copy = ServerTlsOptions.Copy(options);
        if (options.ServerCertificateSelectionCallback is { } select)
        {
            copy.ServerCertificateSelectionCallback = null;
            copy.ServerCertificate = TlsCallbackException.Mark(select)!(sender, host);
        }

        ServerTlsOptions.UseContext(copy);
        if (options.ClientCertificateRequired)
        {
            Check = new CertificateCheck(options.RemoteCertificateValidationCallback, host: null);
            copy.RemoteCertificateValidationCallback = Check.Validate;
        }

        return copy;
    }
}
