using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging;
using Sockeye.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Server.Listening;

/// <summary>Selects the TLS options of one connection, which may call the application.</summary>
/// <param name="logger">The log of the server.</param>
/// <param name="endPoint">The address with the TLS options.</param>
/// <param name="remote">The client's address.</param>
internal sealed class TlsSelection(ILogger logger, WebSocketEndPoint endPoint, EndPoint? remote)
{
    private readonly ClientCertificateCheck _check = new();

    /// <summary>The check of the client's certificate; <see langword="null"/> if none is required.</summary>
    public CertificateCheck? Check => _check.Check;

    /// <summary>Performs the handshake on a stream.</summary>
    public Task AuthenticateAsync(SslStream stream, CancellationToken cancellationToken) => NeedsHello
        ? stream.AuthenticateAsServerAsync(
            (sender, hello, _, cancellation) => SelectAsync(sender, hello, cancellation), state: null, cancellationToken)
        : stream.AuthenticateAsServerAsync(Select(stream, host: ""), cancellationToken);

    /// <summary>Whether the options depend on the first message of the client.</summary>
    public bool NeedsHello => endPoint is { SelectTls: not null } or { Tls.ServerCertificateSelectionCallback: not null };

    /// <summary>Selects the options by the first message of the client.</summary>
    /// <param name="sender">The first argument of the application's callbacks.</param>
    /// <param name="hello">The message.</param>
    /// <param name="cancellationToken">Cancels the application's selection.</param>
    public async ValueTask<SslServerAuthenticationOptions> SelectAsync(
        object sender, SslClientHelloInfo hello, CancellationToken cancellationToken) =>
        endPoint.SelectTls is { } select
            ? _check.Over(await SelectAsync(select, hello, cancellationToken).ConfigureAwait(false), sender, hello.ServerName)
            : Select(sender, hello.ServerName);

    /// <summary>Returns the options, which need no message of the client but its host.</summary>
    /// <param name="sender">The first argument of the application's callbacks.</param>
    /// <param name="host">The host that the client requests; empty if it names none.</param>
    public SslServerAuthenticationOptions Select(object sender, string host) =>
        _check.Over(endPoint.Tls ?? throw new InvalidOperationException("The address has no TLS options."), sender, host);

    private async ValueTask<SslServerAuthenticationOptions> SelectAsync(
        Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>> select, SslClientHelloInfo hello,
        CancellationToken cancellationToken)
    {
        try
        {
            return await WaitInTimeAsync(select(hello, cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TlsCallbackException(exception);
        }
    }

    // TLS would wait for the application after the deadline.
    private async ValueTask<SslServerAuthenticationOptions> WaitInTimeAsync(
        Task<SslServerAuthenticationOptions> selecting, CancellationToken cancellationToken)
    {
        try
        {
            SslServerAuthenticationOptions selected = await selecting.WaitAsync(cancellationToken).ConfigureAwait(false);
            return TlsSetup.FaultOf(selected, endPoint.TlsEngine) is { } fault ? throw new InvalidOperationException(fault) : selected;
        }
        catch (OperationCanceledException) when (!selecting.IsCompleted)
        {
            _ = selecting.ContinueWith(
                late => logger.SelectTlsThrewLate(EndPoints.Unmapped(remote) ?? EndPoints.Unknown, late.Exception?.GetBaseException()),
                CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }
}
