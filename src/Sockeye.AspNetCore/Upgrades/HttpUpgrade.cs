using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Sockeye.AspNetCore.Kestrel;
using Sockeye.Server.Routes;
using Sockeye.Transports;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Opens a connection from a request of ASP.NET Core: by an upgrade of HTTP/1.1 or an extended CONNECT of HTTP/2.</summary>
/// <remarks>
/// The bytes of the connection take the shortest way that the server offers: the socket itself, over Sockeye's transport; the pipes of
/// Kestrel's connection; the stream of any other server. <see cref="InProcessBridge"/> is for servers without bytes.
/// </remarks>
internal static class HttpUpgrade
{
    /// <summary>Checks a request, and responds to it if it is rejected.</summary>
    /// <param name="context">The request.</param>
    /// <param name="acceptor">The rules and the connections.</param>
    /// <param name="route">The route; <see langword="null"/> for the options of the acceptor.</param>
    /// <returns>What is accepted, which the caller disposes of; <see langword="null"/> if a rejection was written.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected while the application decided.</exception>
    public static async Task<WebSocketPreparedUpgrade?> PrepareAsync(HttpContext context, WebSocketAcceptor acceptor, ServerRoute? route)
    {
        bool isExtendedConnect = IsExtendedConnect(context);
        if (HttpRequestTranslation.Translate(context, isExtendedConnect) is not { } request)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return null;
        }

        WebSocketPreparedUpgrade upgrade =
            await acceptor.PrepareOnAsync(route, InputOf(context, request), context.RequestAborted).ConfigureAwait(false);
        if (upgrade.IsAccepted)
        {
            return upgrade;
        }

        using (upgrade)
        {
            await HttpUpgradeResponse.RejectAsync(context, upgrade).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>What is known of a request, for the acceptor.</summary>
    /// <param name="context">The request.</param>
    /// <param name="request">The same for the acceptor.</param>
    public static WebSocketHandshakeInput InputOf(HttpContext context, WebSocketParsedRequest request) => new()
    {
        Request = request,
        IsSecure = context.Request.IsHttps,
        LocalEndPoint = EndPointOf(context.Connection.LocalIpAddress, context.Connection.LocalPort),
        RemoteEndPoint = EndPointOf(context.Connection.RemoteIpAddress, context.Connection.RemotePort),
        RouteValues = StringsOf(context),
        Origin = WebSocketHttpOrigin.Of(context),
    };

    /// <summary>Writes the response to an accepted request, and opens the connection.</summary>
    /// <param name="context">The request.</param>
    /// <param name="upgrade">What <see cref="PrepareAsync"/> has returned.</param>
    /// <param name="keepsRequest">Whether the application keeps the request open, even if the connection does not need it.</param>
    /// <exception cref="UpgradeRefusedException">The server has reached its limit of upgraded connections.</exception>
    /// <exception cref="InvalidOperationException">The server cannot upgrade the request, or the acceptor has been stopped.</exception>
    /// <exception cref="IOException">The client has disconnected.</exception>
    public static async Task<OpenedConnection> OpenAsync(HttpContext context, WebSocketPreparedUpgrade upgrade, bool keepsRequest)
    {
        HttpUpgradeResponse.Accept(context, upgrade);

        // A connection may last longer than any request.
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (IsExtendedConnect(context))
        {
            Stream tunnel = await UpgradedAsync(
                context, context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync().AsTask()).ConfigureAwait(false);
            return Open(context, upgrade, DuplexPipe.Over(tunnel));
        }

        IHttpUpgradeFeature? feature = context.Features.Get<IHttpUpgradeFeature>();
        if (feature is not { IsUpgradableRequest: true })
        {
            return context.Features.Get<IHttpWebSocketFeature>() is { IsWebSocketRequest: true } sockets
                ? await InProcessBridge.OpenAsync(context, sockets, upgrade).ConfigureAwait(false)
                : throw new InvalidOperationException("The server cannot upgrade this request.");
        }

        Stream stream = await UpgradedAsync(context, feature.UpgradeAsync()).ConfigureAwait(false);
        if (ConnectionPipe(context, feature) is not { } pipe)
        {
            return Open(context, upgrade, DuplexPipe.Over(stream));
        }

        if (context.Features.Get<ISocketHandOver>() is { } socket && socket.Pipe == pipe)
        {
            return new OpenedConnection(await socket.HandOverAsync(upgrade, keepsRequest).ConfigureAwait(false), Task.CompletedTask);
        }

        return Open(context, upgrade, pipe);
    }

    /// <summary>Whether a request is an extended CONNECT for a WebSocket (RFC 8441 §4).</summary>
    public static bool IsExtendedConnect(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } feature
        && string.Equals(feature.Protocol, "websocket", StringComparison.OrdinalIgnoreCase);

    private static async Task<Stream> UpgradedAsync(HttpContext context, Task<Stream> upgrading)
    {
        try
        {
            return await upgrading.ConfigureAwait(false);
        }
        catch (InvalidOperationException exception) when (!context.Response.HasStarted)
        {
            throw new UpgradeRefusedException(exception);
        }
    }

    private static OpenedConnection Open(HttpContext context, WebSocketPreparedUpgrade upgrade, IDuplexPipe pipe)
    {
        var transport = new PipeTransport(
            pipe,
            upgrade.Pool, upgrade.LocalEndPoint, upgrade.RemoteEndPoint, _ => context.Abort());
        return new OpenedConnection(upgrade.AttachTransport(transport), transport.Ended);
    }

    // The pipe of Kestrel's connection: after the response nothing else uses it, and it spares two copies and a wait. Middleware that
    // replaces the upgrade feature wants to see the bytes; Kestrel's own one is the same object as its other features.
    private static IDuplexPipe? ConnectionPipe(HttpContext context, IHttpUpgradeFeature feature) =>
        ReferenceEquals(feature, context.Features.Get<IHttpConnectionFeature>())
            ? context.Features.Get<IConnectionTransportFeature>()?.Transport
            : null;

    private static IPEndPoint? EndPointOf(IPAddress? address, int port) => address is null ? null : new IPEndPoint(address, port);

    private static IReadOnlyList<KeyValuePair<string, string>>? StringsOf(HttpContext context) =>
        context.Features.Get<IRouteValuesFeature>()?.RouteValues is { Count: > 0 } values
            ? [.. values.Select(static pair =>
                KeyValuePair.Create(pair.Key, Convert.ToString(pair.Value, CultureInfo.InvariantCulture) ?? ""))]
            : null;
}
