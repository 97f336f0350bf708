using System.Buffers;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// An opening handshake whose response another HTTP server writes: the same checks, decisions and log as in a
/// <see cref="ServerHandshakeSession"/>, without a transport.
/// </summary>
internal sealed class UpgradePreparation
{
    private readonly ServerContext _context;
    private readonly WebSocketHandshakeInput _input;
    private readonly byte[] _head;
    private readonly AddressedTransport _transport;
    private AgreedUpgrade _agreed;
    private ConnectionPlace _place;

    /// <summary>Takes over a request.</summary>
    /// <param name="context">The rules that are shared by the handshakes of the same options.</param>
    /// <param name="input">The request, and what is known of its connection.</param>
    public UpgradePreparation(ServerContext context, WebSocketHandshakeInput input)
    {
        _context = context;
        _input = input;
        _head = input.Request!.Head;
        _transport = new AddressedTransport(input.LocalEndPoint, input.RemoteEndPoint);
        _agreed = new AgreedUpgrade(
            context.Fallback, context.SettingsOn(context.Wheel, input.IsSecure), PackedHead: null!, Subprotocol: null, Deflate: null);
    }

    /// <summary>What was set for all handshakes.</summary>
    public WebSocketServerOptions Options => _context.Options;

    private WebSocketUpgradeRequest Request =>
        new(_agreed.PackedHead ?? RequestBytes.Pack(Options.Pool, _head), _transport, _agreed.Settings.Scope);

    /// <summary>Checks the request, and lets the application decide.</summary>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task<WebSocketPreparedUpgrade> RunAsync(CancellationToken cancellationToken)
    {
        WebSocketHandshakeError error = Check(out Exception? exception);
        if (error != WebSocketHandshakeError.None)
        {
            return Refuse(error, exception: exception);
        }

        if (!_agreed.IsDecidedByApplication)
        {
            return Accept(WebSocketUpgradeAcceptance.Default);
        }

        using var timeout = new CancellationTokenSource(Options.HandshakeTimeout, Options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await DecideAsync(either.Token).ConfigureAwait(false) switch
            {
                WebSocketUpgradeAcceptance acceptance => Accept(acceptance),
                WebSocketUpgradeRejection rejection =>
                    Refuse(WebSocketHandshakeError.RejectedByApplication, rejection.ToRejection()),
                PlainRequestDecision { Response: { } response } => Respond(response),
                PlainRequestDecision => Refuse(_agreed.DeclinedAs),
                _ => Fail(new InvalidOperationException("Nothing was decided about the connection.")),
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Release();
            HandshakeFailures.TellAbandoned(_context, _transport.RemoteEndPoint, Request);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return Refuse(WebSocketHandshakeError.TimedOut);
        }
        catch (Exception thrown)
        {
            return Fail(thrown);
        }
    }

    /// <summary>Opens the connection over its stream.</summary>
    /// <param name="stream">The stream, behind the response.</param>
    /// <param name="acceptance">What the application has decided.</param>
    /// <param name="subprotocol">What was agreed on.</param>
    /// <param name="deflate">The same.</param>
    public WebSocketConnection Open(
        Stream stream, WebSocketUpgradeAcceptance acceptance, string? subprotocol, PerMessageDeflateParameters? deflate)
    {
        // A copy: it is read when there is room for it, which may be later, and the caller's buffer is the caller's.
        byte[] received = [.. _input.Received.Span];
        var transport = new StreamTransport(
            received.Length == 0 ? stream : new PrefixedStream(received, stream),
            Options.Pool, _input.LocalEndPoint, _input.RemoteEndPoint);
        var connection = new WebSocketConnection(
            transport, _agreed.Settings, acceptance.Handler ?? _agreed.Route.Handler, subprotocol, deflate, _agreed.PackedHead)
        {
            UserState = acceptance.UserState,
        };
        _context.TryAdd(connection.Core);
        _place.HandOver();
        connection.Core.Start();
        transport.Start();
        return connection;
    }

    /// <summary>Gives back the place among the connections that there may be.</summary>
    public void Release() => _place.Leave(_context.Caps);

    private WebSocketHandshakeError Check(out Exception? exception)
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(_head, []);
        return UpgradeCheck.Check(
            _context, _transport, _agreed.Settings, _head, lines, ref _place, out _agreed, out _, out exception);
    }

    private async Task<WebSocketUpgradeDecision> DecideAsync(CancellationToken cancellationToken)
    {
        Task<WebSocketUpgradeDecision> deciding = _agreed.AskAsync(Request, cancellationToken).AsTask();
        try
        {
            return await deciding.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!deciding.IsCompleted)
        {
            // The application takes longer than it has. That it may throw later is of no use to the client.
            _ = deciding.ContinueWith(
                static late => _ = late.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private WebSocketPreparedUpgrade Accept(WebSocketUpgradeAcceptance acceptance)
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(_head, []);
        RequestHead.TryParse(_head, lines, out RequestHead request);
        var offer = new ServerHandshakeOffer(
            request, _agreed.Subprotocol, acceptance.Compress ? _agreed.Deflate : null);
        var response = new ArrayBufferWriter<byte>();
        try
        {
            string? subprotocol = UpgradeAnswer.Write(response, offer, _agreed, acceptance);
            return new WebSocketPreparedUpgrade(
                this, PreparedResponse.Parse(response.WrittenMemory), Request, acceptance, subprotocol, offer.PerMessageDeflate);
        }
        catch (InvalidOperationException exception)
        {
            return Fail(exception);
        }
    }

    private WebSocketPreparedUpgrade Fail(Exception exception) =>
        Refuse(WebSocketHandshakeError.ApplicationFailed, exception: exception);

    private WebSocketPreparedUpgrade Refuse(
        WebSocketHandshakeError error, HandshakeRejection? rejection = null, Exception? exception = null)
    {
        Release();
        WebSocketUpgradeRequest request = Request;
        rejection = HandshakeFailures.Tell(
            _context, error, rejection, _transport.RemoteEndPoint, request, _agreed.Detail, exception);
        return Respond(rejection, request, error);
    }

    private WebSocketPreparedUpgrade Respond(WebSocketPlainResponse response)
    {
        _context.Logger.PlainRequestAnswered(_transport.RemoteEndPoint, response.StatusCode);
        return Respond(response.ToRejection(), Request, _agreed.DeclinedAs);
    }

    private WebSocketPreparedUpgrade Respond(HandshakeRejection rejection, WebSocketUpgradeRequest request, WebSocketHandshakeError error)
    {
        var response = new ArrayBufferWriter<byte>();
        ServerResponse.WriteFinal(response, rejection, _agreed.IsHead);
        return new WebSocketPreparedUpgrade(this, PreparedResponse.Parse(response.WrittenMemory), request, error);
    }
}
