using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Server.Handshakes;
using Sockeye.Telemetry;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>Conducts the TLS handshake on sockets that were accepted, and then begins the opening handshake.</summary>
/// <param name="context">The rules and the connections of the server.</param>
/// <param name="endPoint">The address with the TLS options.</param>
/// <param name="stopped">Canceled when the server stops accepting.</param>
internal sealed class TlsAcceptor(ServerContext context, WebSocketEndPoint endPoint, CancellationToken stopped)
{
    /// <summary>Begins the handshake on the thread pool: TLS calls the application in place, which must not delay accepting.</summary>
    public void Begin(Socket socket, PeerNetwork network) => Begin(new SocketTlsClient(socket, context.Options.Pool), network);

    /// <summary>
    /// Begins the handshake on the event loop of a transport, or on the thread pool if TLS calls the application.
    /// </summary>
    public void Begin(EventLoopTransport transport, PeerNetwork network)
    {
        if (endPoint.Tls is { } tls && ServerTlsOptions.IsReady(tls))
        {
            var handshake = new LoopTlsHandshake(context, ServerTlsOptions.Complete(tls), transport);
            context.Pending.Enter(handshake, network);
            handshake.Start();
        }
        else
        {
            Begin(new LoopTlsClient(transport, context.Options.Pool), network);
        }
    }

    private void Begin(TlsClient client, PeerNetwork network)
    {
        var pending = new PendingTls(client);
        context.Pending.Enter(pending, network);
        ThreadPool.UnsafeQueueUserWorkItem(
            static call => _ = call.Acceptor.AuthenticateAsync(call.Client, call.Pending),
            (Acceptor: this, Client: client, Pending: pending),
            preferLocal: false);
    }

    private async Task AuthenticateAsync(TlsClient client, PendingTls pending)
    {
        // TLS and the request have one deadline.
        TimeProvider time = context.Options.TimeProvider;
        long start = time.GetTimestamp();
        var measured = MeasuredHandshake.Begin(time);
        EndPoint? remote = null;
        var check = new ClientCertificateCheck();
        try
        {
            remote = client.RemoteEndPoint;
            using var timeout = new CancellationTokenSource(context.Options.HandshakeTimeout, time);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopped);

            // A client that sends nothing costs no TLS state.
            await client.WaitAsync(stopping.Token).ConfigureAwait(false);
            context.Pending.NoteBegun(pending);
            await client.AuthenticateAsync(
                secure => AuthenticateAsync(secure, remote, check, stopping.Token), stopping.Token).ConfigureAwait(false);
            ServerHandshakeSession session = SessionOn(client.Secure(), isSecure: true);
            context.Pending.HandOver(pending, session);
            session.Start(context.Options.HandshakeTimeout - time.GetElapsedTime(start), measured);
        }
        catch (Exception exception)
        {
            // Any failure of TLS: a client that speaks another protocol, an invalid certificate, a lost connection.
            HandshakeRejection? response = ReportFailure(pending, remote, client.Witness, check, exception);
            measured?.Fail(
                context.Fallback.For(isSecure: true).SettingsOn(context.Wheel).Scope.Groups.For(
                    Role.Server, remote is UnixDomainSocketEndPoint ? NetworkTransport.Unix : NetworkTransport.Tcp),
                response?.StatusCode,
                pending.HasGivenWay ? WebSocketHandshakeError.TimedOut : WebSocketHandshakeError.TlsFailed);
            if (response is null || stopped.IsCancellationRequested || client.Expose() is not { } exposed)
            {
                context.Pending.Leave(pending);
                client.Dispose();
                return;
            }

            RejectWithoutTls(exposed, response, pending);
        }
    }

    private Task AuthenticateAsync(
        SslStream stream, EndPoint? remote, ClientCertificateCheck check, CancellationToken cancellationToken)
    {
        if (endPoint.SelectTls is { } select)
        {
            return stream.AuthenticateAsServerAsync(
                async (sender, hello, _, cancellation) => check.Over(
                    await SelectAsync(select, hello, remote, cancellation).ConfigureAwait(false), sender, hello.ServerName),
                state: null, cancellationToken);
        }

        return endPoint.Tls switch
        {
            null => throw new InvalidOperationException("The address has no TLS options."),
            { ServerCertificateSelectionCallback: not null } tls => stream.AuthenticateAsServerAsync(
                (sender, hello, _, _) => ValueTask.FromResult(check.Over(tls, sender, hello.ServerName)), state: null, cancellationToken),
            { } tls => stream.AuthenticateAsServerAsync(check.Over(tls, stream, host: ""), cancellationToken),
        };
    }

    private async ValueTask<SslServerAuthenticationOptions> SelectAsync(
        Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>> select, SslClientHelloInfo hello,
        EndPoint? remote, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitInTimeAsync(select(hello, cancellationToken).AsTask(), remote, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TlsCallbackException(exception);
        }
    }

    // SslStream would wait for the application after the deadline.
    private async ValueTask<SslServerAuthenticationOptions> WaitInTimeAsync(
        Task<SslServerAuthenticationOptions> selecting, EndPoint? remote, CancellationToken cancellationToken)
    {
        try
        {
            SslServerAuthenticationOptions selected = await selecting.WaitAsync(cancellationToken).ConfigureAwait(false);
            return TlsSetup.FaultOf(selected) is { } fault ? throw new InvalidOperationException(fault) : selected;
        }
        catch (OperationCanceledException) when (!selecting.IsCompleted)
        {
            _ = selecting.ContinueWith(
                late => context.Logger.SelectTlsThrewLate(EndPoints.Unmapped(remote) ?? EndPoints.Unknown, late.Exception?.GetBaseException()),
                CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private HandshakeRejection? ReportFailure(
        PendingTls pending, EndPoint? remote, TlsWitness? witness, ClientCertificateCheck check, Exception exception)
    {
        if (pending.HasGivenWay)
        {
            context.Failures.ReportGaveWay(EndPoints.Unmapped(remote));
            return null;
        }

        return context.Failures.RejectTls(
            EndPoints.Unmapped(remote), TlsDiagnosis.For(witness, check.Check, exception),
            isSilent: witness?.HasReceived != true, TlsCallbackException.Unwrap(exception));
    }

    // The client speaks HTTP without TLS.
    private void RejectWithoutTls(Transport transport, HandshakeRejection response, PendingTls pending)
    {
        try
        {
            ServerHandshakeSession session = SessionOn(transport, isSecure: false);
            context.Pending.HandOver(pending, session);
            session.StartRejected(response);

            // A loop's transport has paused behind what was read for TLS.
            transport.ResumeReading();
        }
        catch (Exception exception)
        {
            // The client has disconnected.
            context.Pending.Leave(pending);
            context.Failures.LogLost(exception);
            transport.Abort(error: null);
        }
    }

    private ServerHandshakeSession SessionOn(Transport transport, bool isSecure) =>
        new(context, context.SettingsOn((transport as TlsTransport)?.Loop.Wheel ?? context.Wheel, isSecure), transport);
}
