using System.Buffers;
using System.Diagnostics;
using System.Net;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Server.Routes;
using Sockeye.Telemetry;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// An opening handshake whose response another HTTP server writes: the same steps, decisions and log as in a
/// <see cref="ServerHandshakeSession"/>, without a transport.
/// </summary>
internal sealed class UpgradePreparation
{
    private readonly ServerContext _server;
    private readonly WebSocketHandshakeInput _input;
    private readonly byte[] _head;
    private readonly UpgradeAttempt _attempt;
    private readonly MeasuredHandshake? _measured;

    /// <summary>Takes over a request.</summary>
    /// <param name="server">The rules and the connections of the acceptor.</param>
    /// <param name="request">The request.</param>
    /// <param name="input">What else is known of the connection.</param>
    /// <param name="route">The route of the request, if the caller has found it.</param>
    public UpgradePreparation(
        ServerContext server, WebSocketParsedRequest request, WebSocketHandshakeInput input, ServerRoute? route = null)
    {
        _server = server;
        _input = input;
        _head = request.Head;
        _measured = MeasuredHandshake.Begin(server.Options.TimeProvider);
        _attempt = new UpgradeAttempt(
            server, new AddressedTransport(input.LocalEndPoint, input.RemoteEndPoint), server.SettingsOn(server.Wheel, input.IsSecure))
        {
            GivenRoute = route,
            GivenRouteValues = input.RouteValues,
            Origin = input.Origin,
        };
    }

    /// <summary>Checks the request, and lets the application decide.</summary>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task<WebSocketPreparedUpgrade> RunAsync(CancellationToken cancellationToken)
    {
        // In this method, the current activity is restored when it returns.
        _measured?.StartServer(_head, _input.IsSecure, _attempt.Transport.RemoteEndPoint, Activity.Current);
        WebSocketHandshakeError error = Check();
        if (error != WebSocketHandshakeError.None)
        {
            return Reject(error);
        }

        if (!_attempt.IsDecidedByApplication)
        {
            return Accept(WebSocketUpgradeAcceptance.Default);
        }

        using var timeout = new CancellationTokenSource(_server.Options.HandshakeTimeout, _server.Options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            WebSocketUpgradeDecision decision = await DecideAsync(either.Token).ConfigureAwait(false);
            return decision is WebSocketUpgradeAcceptance acceptance
                ? Accept(acceptance)
                : Reject(UpgradeFlow.NotAccepted(_attempt, decision));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Release();
            _server.Failures.ReportAbandoned(_attempt.Transport.RemoteEndPoint, _attempt.Request);
            _measured?.Fail(Group, statusCode: null, WebSocketHandshakeError.ConnectionLost);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return Reject(WebSocketHandshakeError.TimedOut);
        }
        catch (Exception thrown)
        {
            return Reject(UpgradeFlow.Fail(_attempt, thrown));
        }
    }

    /// <summary>
    /// Accepts a request that the HTTP server has checked by its own rules, and that it responds to with its own headers: there only has to
    /// be room for the connection. The route must be given.
    /// </summary>
    /// <param name="subprotocol">The subprotocol in the response; <see langword="null"/> for none.</param>
    /// <param name="deflate">The parameters of permessage-deflate in the response; <see langword="null"/> for none.</param>
    /// <returns>The acceptance, without headers, or a rejection.</returns>
    public WebSocketPreparedUpgrade Admit(string? subprotocol, PerMessageDeflateParameters? deflate)
    {
        Activity? outer = Activity.Current;
        _measured?.StartServer(_head, _input.IsSecure, _attempt.Transport.RemoteEndPoint, outer);
        Activity.Current = outer;
        WebSocketHandshakeError error = UpgradeSteps.Admit(_attempt, _head, _input.IsSecure);
        if (error != WebSocketHandshakeError.None)
        {
            return Reject(error);
        }

        _measured?.NoteRoute(_attempt.Route.Pattern?.Text);
        _measured?.Succeed(Group);
        return new WebSocketPreparedUpgrade(
            this, PreparedResponse.Switching, _attempt.Request,
            new AcceptedUpgrade(WebSocketUpgradeAcceptance.Default, subprotocol, deflate));
    }

    /// <summary>Where a transport of the connection rents its buffers.</summary>
    public ArrayPool<byte> Pool => _server.Options.Pool;

    /// <summary>The local address of the request, if known.</summary>
    public EndPoint? LocalEndPoint => _input.LocalEndPoint;

    /// <summary>The address of the peer, if known.</summary>
    public EndPoint? RemoteEndPoint => _input.RemoteEndPoint;

    /// <summary>Sets what receives the messages, unless the decision of the application names another handler.</summary>
    public void UseHandler(WebSocketHandler handler) => _attempt.GivenHandler = handler;

    /// <summary>Makes the transport of a stream.</summary>
    /// <param name="stream">The stream, after the response.</param>
    public Transport TransportOf(Stream stream)
    {
        // A copy: it is read when there is room for it, which may be later, and the buffer belongs to the caller.
        byte[] received = [.. _input.Received.Span];
        return new StreamTransport(
            received.Length == 0 ? stream : new PrefixedStream(received, stream),
            _server.Options.Pool, _input.LocalEndPoint, _input.RemoteEndPoint);
    }

    /// <summary>Opens the connection.</summary>
    /// <param name="transport">What it uses, after the response.</param>
    /// <param name="accepted">What was agreed on.</param>
    /// <exception cref="InvalidOperationException">The acceptor has been stopped. The transport is unchanged.</exception>
    public WebSocketConnection Open(Transport transport, in AcceptedUpgrade accepted)
    {
        ConnectionCore connection = Connect(transport, accepted);
        connection.Start(_measured?.Context ?? default);
        transport.Start();
        return connection.Connection;
    }

    /// <summary>Opens the connection on the event loop of its transport, in place. Loop thread only.</summary>
    /// <param name="transport">What it uses, after the response. It was started by another sink.</param>
    /// <param name="received">What that sink has received and not used.</param>
    /// <param name="accepted">What was agreed on.</param>
    /// <exception cref="InvalidOperationException">The acceptor has been stopped.</exception>
    public WebSocketConnection OpenOnLoop(EventLoopTransport transport, ReadOnlySpan<byte> received, in AcceptedUpgrade accepted)
    {
        _attempt.Settings = _attempt.Route.For(_attempt.Settings.Scope.IsSecure).SettingsOn(transport.Loop.Wheel);
        ConnectionCore connection = Connect(transport, accepted);
        connection.Preload(received);
        connection.Start(_measured?.Context ?? default);
        return connection.Connection;
    }

    /// <summary>Leaves the place among the connections, unless the connection has it. Thread-safe.</summary>
    public void Release() => _attempt.LeavePlace();

    private ConnectionGroup Group => _attempt.Settings.Scope.Groups.For(Role.Server, _attempt.Transport.Network);

    private WebSocketHandshakeError Check()
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(_head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        var request = new ReceivedRequest(_head, lines) { Profile = _attempt.Route.For(_input.IsSecure) };
        WebSocketHandshakeError error = UpgradeSteps.Check(_attempt, ref request);
        _attempt.Keep(_head);
        return error;
    }

    private ConnectionCore Connect(Transport transport, in AcceptedUpgrade accepted)
    {
        ConnectionCore connection =
            UpgradeResponses.Connect(_attempt, transport, accepted.Acceptance, accepted.Subprotocol, accepted.Deflate);
        _attempt.HandOverPlace(connection);
        if (!_server.Connections.TryAdd(connection))
        {
            connection.Sends.Terminate();
            throw new InvalidOperationException("The acceptor has been stopped.");
        }

        return connection;
    }

    private async Task<WebSocketUpgradeDecision> DecideAsync(CancellationToken cancellationToken)
    {
        Task<WebSocketUpgradeDecision> deciding = _attempt.AskAsync(cancellationToken).AsTask();
        try
        {
            return await deciding.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!deciding.IsCompleted)
        {
            // The application is too late. An exception that it throws afterwards has no recipient.
            _ = deciding.ContinueWith(
                static late => _ = late.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private WebSocketPreparedUpgrade Accept(WebSocketUpgradeAcceptance acceptance)
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(_head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        RequestHead.TryParse(_head, lines, out RequestHead request);
        var offer = new ServerHandshakeOffer(
            request, _attempt.Subprotocol, acceptance.Compress ? _attempt.Deflate : null);
        var response = new ArrayBufferWriter<byte>();
        try
        {
            string? subprotocol = UpgradeResponses.WriteAcceptance(response, _attempt, offer, acceptance);
            var prepared = new WebSocketPreparedUpgrade(
                this, PreparedResponse.Parse(response.WrittenMemory), _attempt.Request,
                new AcceptedUpgrade(acceptance, subprotocol, offer.PerMessageDeflate));
            _measured?.NoteRoute(_attempt.Route.Pattern?.Text);
            _measured?.Succeed(Group);
            return prepared;
        }
        catch (InvalidOperationException exception)
        {
            return Reject(UpgradeFlow.Fail(_attempt, exception));
        }
    }

    private WebSocketPreparedUpgrade Reject(WebSocketHandshakeError error) => Reject(UpgradeResult.Rejected(error));

    private WebSocketPreparedUpgrade Reject(in UpgradeResult result)
    {
        Release();
        HandshakeRejection response = result is { IsPlain: true, Response: { } plain }
            ? plain
            : _server.Failures.Reject(_attempt.CauseOf(result.Error), _attempt.Transport.RemoteEndPoint, result.Response);
        _measured?.NoteRoute(_attempt.Route.Pattern?.Text);
        if (result.IsPlain)
        {
            _measured?.Dismiss(response.StatusCode);
        }
        else
        {
            _measured?.Fail(Group, response.StatusCode, result.Error);
        }

        var bytes = new ArrayBufferWriter<byte>();
        ServerResponse.WriteFinal(bytes, response, _attempt.IsHead);
        return new WebSocketPreparedUpgrade(this, PreparedResponse.Parse(bytes.WrittenMemory), _attempt.Request, result.Error);
    }
}
