using System.Net.WebSockets;
using System.Runtime.ExceptionServices;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Sockeye.AspNetCore.Upgrades;
using Sockeye.Protocol;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>What is behind <see cref="HttpContext.WebSockets"/>.</summary>
/// <param name="context">The request.</param>
/// <param name="upgrade">The server's upgrade of HTTP/1.1 requests, if it has one.</param>
/// <param name="connect">The server's extended CONNECT of HTTP/2, if it has one.</param>
/// <param name="options">The options of all requests.</param>
/// <param name="routes">How connections are accepted.</param>
internal sealed class DropInFeature(
    HttpContext context, IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect, WebSocketOptions options, DropInRoutes routes)
    : IHttpWebSocketFeature
{
    private bool? _isWebSocketRequest;
    private DropInEnd? _end;

    /// <summary>Ends the connection, if the request was accepted, once what was sent is written.</summary>
    public ValueTask EndAsync() => _end?.DisposeAsync() ?? default;

    /// <inheritdoc/>
    public bool IsWebSocketRequest => _isWebSocketRequest ??=
        IsConnect ? DropInRequest.IsConnect(context.Request, connect!)
        : upgrade is { IsUpgradableRequest: true } && DropInRequest.IsUpgrade(context.Request);

    private bool IsConnect => connect is { IsExtendedConnect: true };

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">
    /// The request is not a WebSocket request, was accepted before, or the server has reached its own limit of upgraded connections.
    /// </exception>
    /// <exception cref="BadHttpRequestException">The acceptor of the application has no room, or is being stopped.</exception>
    public async Task<WebSocket> AcceptAsync(WebSocketAcceptContext acceptContext)
    {
        if (!IsWebSocketRequest)
        {
            throw new InvalidOperationException("Not a WebSocket request.");
        }

        HttpResponse response = context.Response;
        string? subprotocol = acceptContext?.SubProtocol;
        PerMessageDeflateParameters? deflate = Negotiate(acceptContext, out string? extension);
        DropInSettings settings = DropInSettings.Of(options, acceptContext, deflate is not null);
        using WebSocketPreparedUpgrade prepared = routes.Acceptor.Admit(
            routes.For(settings), HttpUpgrade.InputOf(context, Translate()), subprotocol, deflate);
        if (!prepared.IsAccepted)
        {
            throw new BadHttpRequestException($"The WebSocket request was not accepted: {prepared.Error}.", prepared.StatusCode);
        }

        // Set, not appended: what the application has set before gives way, as in ASP.NET Core.
        if (!IsConnect)
        {
            response.Headers.Connection = HeaderNames.Upgrade;
            response.Headers.Upgrade = "websocket";
            response.Headers.SecWebSocketAccept = AcceptFor(context.Request.Headers.SecWebSocketKey.ToString());
        }

        if (!string.IsNullOrWhiteSpace(subprotocol))
        {
            response.Headers.SecWebSocketProtocol = subprotocol;
        }

        if (extension is not null)
        {
            response.Headers.SecWebSocketExtensions = extension;
        }

        OpenedConnection opened;
        try
        {
            opened = await HttpUpgrade.OpenAsync(context, prepared, keepsRequest: true).ConfigureAwait(false);
        }
        catch (UpgradeRefusedException exception)
        {
            // As without this library: the exception of the server.
            ExceptionDispatchInfo.Throw(exception.InnerException!);
            throw;
        }

        response.RegisterForDisposeAsync(_end = new DropInEnd(opened));
        return opened.Connection.AsPlatformWebSocket();
    }

    // RFC 6455 §4.2.2: a hash of the key.
    private static string AcceptFor(string key)
    {
        // Over HTTP/1.1 the key has its length: it was checked.
        Span<byte> bytes = stackalloc byte[AcceptKey.KeyLength];
        Span<byte> accept = stackalloc byte[AcceptKey.Length];
        AcceptKey.Compute(bytes[..Encoding.ASCII.GetBytes(key, bytes)], accept);
        return Encoding.ASCII.GetString(accept);
    }

    private PerMessageDeflateParameters? Negotiate(WebSocketAcceptContext? acceptContext, out string? extension)
    {
        extension = null;
        return acceptContext is { DangerousEnableCompression: true } && DropInRoutes.CanCompress
            ? DeflateOffer.Accept(
                context.Request.Headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketExtensions),
                acceptContext.DisableServerContextTakeover, acceptContext.ServerMaxWindowBits, out extension)
            : null;
    }

    // What the application can read of the request from the connection. ASP.NET Core accepts requests that no request for Sockeye can be
    // made of; they have been checked.
    private WebSocketParsedRequest Translate() =>
        HttpRequestTranslation.Translate(context, IsConnect) ?? new WebSocketParsedRequest("GET", "/", []);
}
