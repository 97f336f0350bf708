using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Server.Handshakes;
using Sockeye.Telemetry;
using Sockeye.Transports;

namespace Sockeye.Server.Listening;

/// <summary>Conducts the TLS handshake on sockets that were accepted, and then begins the opening handshake.</summary>
/// <param name="context">The rules and the connections of the server.</param>
/// <param name="endPoint">The address with the TLS options.</param>
/// <param name="stopped">Canceled when the server stops accepting.</param>
internal sealed class TlsAcceptor(ServerContext context, WebSocketEndPoint endPoint, CancellationToken stopped)
{
    /// <summary>Begins the handshake on the thread pool: TLS calls the application in place, which must not delay accepting.</summary>
    public void Begin(Socket socket, PeerNetwork network)
    {
        var pending = new PendingTls(socket);
        context.Pending.Enter(pending, network);
        ThreadPool.UnsafeQueueUserWorkItem(
            static call => _ = call.Acceptor.AuthenticateAsync(call.Socket, call.Pending),
            (Acceptor: this, Socket: socket, Pending: pending),
            preferLocal: false);
    }

    private async Task AuthenticateAsync(Socket socket, PendingTls pending)
    {
        // TLS and the request have one deadline.
        TimeProvider time = context.Options.TimeProvider;
        long start = time.GetTimestamp();
        var measured = MeasuredHandshake.Begin(time);
        EndPoint? remote = null;
        TlsStream? stream = null;
        var check = new ClientCertificateCheck();
        try
        {
            remote = socket.RemoteEndPoint;
            EndPoint? local = socket.LocalEndPoint;
            using var timeout = new CancellationTokenSource(context.Options.HandshakeTimeout, time);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopped);

            // A client that sends nothing costs no TLS state.
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, stopping.Token).ConfigureAwait(false);
            context.Pending.NoteBegun(pending);
            stream = new TlsStream(socket);
            await stream.AuthenticateAsync(
                secure => AuthenticateAsync(secure, remote, check, stopping.Token), stopping.Token).ConfigureAwait(false);
            ServerHandshakeSession session = SessionOn(
                new StreamTransport(stream, context.Options.Pool, local, remote, stream.EndOutputAsync, socket), isSecure: true);
            context.Pending.HandOver(pending, session);
            session.Start(context.Options.HandshakeTimeout - time.GetElapsedTime(start), measured);
        }
        catch (Exception exception)
        {
            // Any failure of TLS: a client that speaks another protocol, an invalid certificate, a lost connection.
            HandshakeRejection? response = ReportFailure(pending, remote, stream?.Witness, check, exception);
            measured?.Fail(
                context.Fallback.For(isSecure: true).SettingsOn(context.Wheel).Scope.Groups.For(
                    Role.Server, remote is UnixDomainSocketEndPoint ? NetworkTransport.Unix : NetworkTransport.Tcp),
                response?.StatusCode,
                pending.HasGivenWay ? WebSocketHandshakeError.TimedOut : WebSocketHandshakeError.TlsFailed);
            if (stream is not null && response is not null && !stopped.IsCancellationRequested)
            {
                stream.ReleaseSocket();
                await stream.DisposeAsync().ConfigureAwait(false);
                RejectWithoutTls(socket, response, pending);
                return;
            }

            context.Pending.Leave(pending);
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
        }
    }

    private Task AuthenticateAsync(
        SslStream stream, EndPoint? remote, ClientCertificateCheck check, CancellationToken cancellationToken)
    {
        if (endPoint.SelectTls is { } select)
        {
            return stream.AuthenticateAsServerAsync(
                async (_, hello, _, cancellation) =>
                    check.Over(await SelectAsync(select, hello, remote, cancellation).ConfigureAwait(false)),
                state: null, cancellationToken);
        }

        return endPoint.Tls is { } tls
            ? stream.AuthenticateAsServerAsync(check.Over(tls), cancellationToken)
            : throw new InvalidOperationException("The address has no TLS options.");
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
    private void RejectWithoutTls(Socket socket, HandshakeRejection response, PendingTls pending)
    {
        try
        {
            ServerHandshakeSession session = SessionOn(new SocketTransport(socket, context.Options.Pool), isSecure: false);
            context.Pending.HandOver(pending, session);
            session.StartRejected(response);
        }
        catch (Exception exception)
        {
            // The client has disconnected.
            context.Pending.Leave(pending);
            context.Failures.LogLost(exception);
            socket.Dispose();
        }
    }

    private ServerHandshakeSession SessionOn(Transport transport, bool isSecure) =>
        new(context, context.SettingsOn(context.Wheel, isSecure), transport);
}
