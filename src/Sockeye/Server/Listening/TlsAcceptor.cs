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
/// <param name="engine">What does TLS; on asynchronous sockets it is always SslStream.</param>
/// <param name="stopped">Canceled when the server stops accepting.</param>
internal sealed class TlsAcceptor(ServerContext context, WebSocketEndPoint endPoint, WebSocketTlsEngine engine, CancellationToken stopped)
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
            SslServerAuthenticationOptions options = ServerTlsOptions.Complete(tls);
            LoopTlsSetup setup = engine == WebSocketTlsEngine.OpenSsl
                ? new OpenSslSetup(options, endPoint, context.Options.TimeProvider)
                : new SslStreamSetup(options);
            var handshake = new LoopTlsHandshake(context, setup, transport);
            context.Pending.Enter(handshake, network);
            handshake.Start();
        }
        else
        {
            TlsClient client = engine == WebSocketTlsEngine.OpenSsl
                ? new LoopOpenSslClient(transport, endPoint, context.Options.TimeProvider, context.Options.Pool)
                : new LoopTlsClient(transport, context.Options.Pool);
            Begin(client, network);
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
        TlsSelection? selection = null;
        try
        {
            remote = client.RemoteEndPoint;
            selection = new TlsSelection(context.Logger, endPoint, remote);
            using var timeout = new CancellationTokenSource(context.Options.HandshakeTimeout, time);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopped);

            // A client that sends nothing costs no TLS state.
            await client.WaitAsync(stopping.Token).ConfigureAwait(false);
            context.Pending.NoteBegun(pending);
            await client.AuthenticateAsync(selection, stopping.Token).ConfigureAwait(false);
            ServerHandshakeSession session = SessionOn(client.Secure(), isSecure: true);
            context.Pending.HandOver(pending, session);
            session.Start(context.Options.HandshakeTimeout - time.GetElapsedTime(start), measured);
        }
        catch (Exception exception)
        {
            // Any failure of TLS: a client that speaks another protocol, an invalid certificate, a lost connection.
            HandshakeRejection? response = ReportFailure(pending, remote, client.Opening, selection?.Check, exception);
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

    private HandshakeRejection? ReportFailure(
        PendingTls pending, EndPoint? remote, TlsOpening? opening, CertificateCheck? check, Exception exception)
    {
        if (pending.HasGivenWay)
        {
            context.Failures.ReportGaveWay(EndPoints.Unmapped(remote));
            return null;
        }

        return context.Failures.RejectTls(
            EndPoints.Unmapped(remote), TlsDiagnosis.For(opening, check, exception),
            isSilent: opening?.HasReceived != true, TlsCallbackException.Unwrap(exception));
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
