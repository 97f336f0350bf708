using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>Opens one connection: sends a request and checks its response, again for each redirect and challenge.</summary>
internal sealed class ClientConnector
{
    // RFC 9113 §7: HTTP_1_1_REQUIRED.
    private const long Http11Required = 0xD;

    private readonly WebSocketClientOptions _options;
    private readonly ClientConnectionFactory _connections;
    private readonly CancellationToken _userToken;
    private readonly HandshakeProgress _progress = new();
    private bool _isInCallback;
    private ClientHop? _hop;

    private ClientConnector(
        WebSocketClientOptions options, WebSocketHandler? handler, ActivityContext handshake, CancellationToken userToken)
    {
        _options = options;
        _connections = new ClientConnectionFactory(options, handler) { Handshake = handshake };
        _userToken = userToken;
    }

    /// <summary>Opens a connection.</summary>
    public static async Task<WebSocketConnection> ConnectAsync(
        ClientAddress address, WebSocketClientOptions options, WebSocketHandler? handler,
        CancellationToken cancellationToken)
    {
        ClientOptionConflicts.Check(options, address);
        var headers = new CarriedHeaders(options, address);
        if (MeasuredHandshake.Begin(options.TimeProvider) is not { } measured)
        {
            return await ConnectAsync(address, headers, options, handler, default, cancellationToken).ConfigureAwait(false);
        }

        // In this method: the current activity of the caller is restored when it returns.
        measured.StartClient(address.Uri);
        try
        {
            WebSocketConnection connection =
                await ConnectAsync(address, headers, options, handler, measured.Context, cancellationToken).ConfigureAwait(false);
            measured.NoteOpened(route: null, connection.Id, connection.Subprotocol);
            measured.Succeed(connection.Core.Group, connection.Response!.StatusCode);
            return connection;
        }
        catch (Exception exception)
        {
            measured.Fail(GroupOf(address, options), exception);
            throw;
        }
    }

    // Of an attempt that has failed, perhaps before it had a transport.
    private static ConnectionGroup GroupOf(ClientAddress address, WebSocketClientOptions options)
    {
        NetworkTransport transport =
            address.SocketPath is { } path ? (ClientAddress.IsPipe(path) ? NetworkTransport.Pipe : NetworkTransport.Unix)
            : options.ConnectCallback is null ? NetworkTransport.Tcp
            : NetworkTransport.Unknown;
        return UpgradeScope.OfClient(address.IsSecure).Groups.For(Role.Client, transport);
    }

    private static async Task<WebSocketConnection> ConnectAsync(
        ClientAddress address, CarriedHeaders headers, WebSocketClientOptions options, WebSocketHandler? handler,
        ActivityContext handshake, CancellationToken cancellationToken)
    {
        var connector = new ClientConnector(options, handler, handshake, cancellationToken);

        // One deadline for the whole attempt: with one for each request, redirects could keep the caller waiting without end.
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await connector.ConnectAsync(address, headers, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (either.IsCancellationRequested || !connector._isInCallback)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw connector.Failed(WebSocketHandshakeError.TimedOut, exception);
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException or SocketException && !connector._isInCallback)
        {
            cancellationToken.ThrowIfCancellationRequested();
            connector.RecordAlert(exception);
            throw connector.Failed(
                timeout.IsCancellationRequested ? WebSocketHandshakeError.TimedOut : connector.ErrorOf(exception), exception);
        }
        finally
        {
            connector._hop?.Dispose();
        }
    }

    // In TLS 1.3 the handshake is complete for a client before the server has checked the client's certificate.
    private void RecordAlert(Exception exception)
    {
        if (_progress.Phase == WebSocketHandshakePhase.Response && _hop?.IsSecure == true
            && TlsAlerts.In(exception) is { } alert and not TlsAlerts.CloseNotify)
        {
            _progress.Phase = WebSocketHandshakePhase.Tls;
            _progress.Tls = TlsDiagnosis.Received(alert);
            _progress.Cause = exception.GetBaseException();
        }
    }

    private WebSocketHandshakeException Failed(WebSocketHandshakeError error, Exception exception)
    {
        // A proxy that rejects the request responds with a status of its own (RFC 9110 §15.5.8).
        int? status = error == WebSocketHandshakeError.ProxyFailed && exception is HttpRequestException { StatusCode: { } code }
            ? (int)code
            : null;

        // The HTTP client quotes a line that it cannot parse, which may contain a cookie.
        Exception? cause = HttpErrorOf(exception) == HttpRequestError.InvalidResponse ? null : _progress.Cause ?? CauseOf(exception);
        TlsDiagnosis? tls = error == WebSocketHandshakeError.TlsFailed ? _progress.Tls : null;
        string? detail = error == WebSocketHandshakeError.ConnectionLost ? _hop?.CertificateDoubt : tls?.Detail;
        return new WebSocketHandshakeException(
            error, _progress.Phase, status, [], body: default, cause, detail, tls?.Failure);
    }

    // TLS to a proxy failed: the HTTP client's own exception only refers to its inner exception.
    private static Exception CauseOf(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } cause }
            ? cause
            : exception;

    private WebSocketHandshakeError ErrorOf(Exception exception)
    {
        HttpRequestError error = HttpErrorOf(exception);
        return (_progress.Phase, error) switch
        {
            _ when _hop?.HasTooManyInterimResponses == true => WebSocketHandshakeError.TooManyInterimResponses,
            _ when _hop?.HasTlsResponse == true => WebSocketHandshakeError.UnexpectedTls,
            _ when IsExtendedConnectNotOffered(exception, error) => WebSocketHandshakeError.ExtendedConnectNotOffered,
            (WebSocketHandshakePhase.Proxy, _) or (_, HttpRequestError.ProxyTunnelError) => WebSocketHandshakeError.ProxyFailed,
            (WebSocketHandshakePhase.Tls, _) => WebSocketHandshakeError.TlsFailed,

            // A second connection is made only to a proxy that closed the first without a response.
            (WebSocketHandshakePhase.NameResolution or WebSocketHandshakePhase.Connect, _) =>
                _hop?.Dialer.IsConnected == true ? WebSocketHandshakeError.ProxyFailed : WebSocketHandshakeError.NotReachable,
            (_, HttpRequestError.InvalidResponse) => WebSocketHandshakeError.MalformedResponse,
            (_, HttpRequestError.ConfigurationLimitExceeded) => WebSocketHandshakeError.HeadTooLong,

            // HTTP/2 header fields that cannot be decoded; the transport did not fail.
            _ when _hop?.IsHttp2 == true
                && exception.GetBaseException()
                    is not (IOException or SocketException or ObjectDisposedException or HttpRequestException) =>
                WebSocketHandshakeError.MalformedResponse,
            _ => WebSocketHandshakeError.ConnectionLost,
        };
    }

    private static HttpRequestError HttpErrorOf(Exception exception)
    {
        HttpRequestError error = exception switch
        {
            HttpRequestException request => request.HttpRequestError,
            HttpIOException response => response.HttpRequestError,
            _ => HttpRequestError.Unknown,
        };

        // The innermost error is the most specific.
        HttpRequestError cause =
            exception.InnerException is { } inner ? HttpErrorOf(inner) : HttpRequestError.Unknown;
        return cause == HttpRequestError.Unknown ? error : cause;
    }

    private static bool IsExtendedConnectNotOffered(Exception exception, HttpRequestError error) =>
        error is HttpRequestError.ExtendedConnectNotSupported or HttpRequestError.VersionNegotiationError
        || (exception as HttpProtocolException ?? exception.InnerException as HttpProtocolException)?.ErrorCode
            == Http11Required;

    private async Task<WebSocketConnection> ConnectAsync(
        ClientAddress address, CarriedHeaders headers, CancellationToken cancellationToken)
    {
        var redirects = new ClientRedirects(_options, address, headers);
        var authentication = new ClientAuthentication(_options, headers);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WebSocketClientRequest request = headers.CreateRequest(
                address, redirects.Count, ClientCookies.For(_options.Cookies, address), authentication.Authorization);
            if (_options.OnSendingRequest is { } callback)
            {
                _isInCallback = true;
                await callback(request, cancellationToken).ConfigureAwait(false);
                _isInCallback = false;
            }

            HttpResponseMessage response;
            try
            {
                response = await SendAsync(
                    request, address, _options.Http2, headers.HasLeftOrigin, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (
                exception is HttpRequestException or HttpIOException
                && _options.Http2 == WebSocketHttp2Policy.WhenOffered
                && ErrorOf(exception) == WebSocketHandshakeError.ExtendedConnectNotOffered)
            {
                // RFC 8441 §3: the server may support HTTP/2, but does not offer it for WebSocket.
                response = await SendAsync(
                    request, address, WebSocketHttp2Policy.Never, headers.HasLeftOrigin, cancellationToken)
                    .ConfigureAwait(false);
            }

            bool isKept = false;
            try
            {
                WebSocketHeaders received = ClientResponse.Headers(response);
                int status = (int)response.StatusCode;
                _isInCallback = true;
                ClientAddress? next =
                    await redirects.NextAsync(address, status, received, cancellationToken).ConfigureAwait(false);
                _isInCallback = false;
                if (next is not null)
                {
                    address = next;
                    authentication.Reset();
                    continue;
                }

                ClientCookies.Store(_options.Cookies, address, received);
                _isInCallback = true;
                bool mustRepeat = await authentication.TryRespondAsync(
                    address, _hop!.IsHttp2 ? "CONNECT" : "GET", request.Headers["Authorization"], status, received, cancellationToken)
                    .ConfigureAwait(false);
                _isInCallback = false;
                if (mustRepeat)
                {
                    continue;
                }

                ClientHandshakeAgreement agreement =
                    await CheckAsync(_hop!, response, received, authentication.CredentialFault, cancellationToken)
                        .ConfigureAwait(false);
                var opening = new WebSocketUpgradeResponse(address.Shown, status, received);
                if (_hop!.LoopTls is { Witness.HasRenegotiated: false } loopTls)
                {
                    return _connections.TakeOver(loopTls, opening, agreement);
                }

                if (_hop is { LoopTls: null, Dialer.LoopStream: { } loopStream })
                {
                    return _connections.TakeOver(loopStream, opening, agreement);
                }

                Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                WebSocketConnection connection =
                    _connections.Open(stream, _hop, address.IsSecure, opening, agreement);
                isKept = true;
                return connection;
            }
            finally
            {
                if (!isKept)
                {
                    response.Dispose();
                }
            }
        }
    }

    private Task<HttpResponseMessage> SendAsync(
        WebSocketClientRequest request, ClientAddress address, WebSocketHttp2Policy http2, bool hasLeftOrigin,
        CancellationToken cancellationToken)
    {
        _hop?.Dispose();
        _hop = new ClientHop(_options, address, _progress, http2, hasLeftOrigin, cancellationToken);
        return _hop.SendAsync(request, _connections.Codecs?.Options);
    }

    private async Task<ClientHandshakeAgreement> CheckAsync(
        ClientHop hop, HttpResponseMessage response, WebSocketHeaders headers, string? credentialFault,
        CancellationToken cancellationToken)
    {
        int status = (int)response.StatusCode;
        var fields = HeaderFields.FromPairs(headers);
        var expected = new ClientHandshakeExpectations
        {
            Key = hop.Key,
            Subprotocols = _options.Subprotocols,
            AllowMissingSubprotocol = _options.AllowMissingSubprotocol,
            PerMessageDeflate = _connections.Codecs?.Options.ToRules(),
        };
        WebSocketHandshakeError error = hop.IsHttp2
            ? ClientHandshake.CheckExtendedConnect(status, fields, expected, out ClientHandshakeAgreement agreement)
            : ClientHandshake.Check(status, response.Version, fields, expected, out agreement);
        if (error == WebSocketHandshakeError.None)
        {
            if (!hop.IsHttp2 || status == (int)HttpStatusCode.OK)
            {
                return agreement;
            }

            // RFC 8441 §4: any 2xx opens a stream. The HTTP client returns a stream to write to for 200 only.
            error = WebSocketHandshakeError.UnexpectedStatusCode;
        }

        byte[] body = error == WebSocketHandshakeError.UnexpectedStatusCode
            ? await ClientResponse.ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false)
            : [];
        _userToken.ThrowIfCancellationRequested();
        throw new WebSocketHandshakeException(error, _progress.Phase, status, headers, body, detail: credentialFault);
    }
}
