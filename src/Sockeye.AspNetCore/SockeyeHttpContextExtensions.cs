using Sockeye;
using Sockeye.AspNetCore.Endpoints;
using Sockeye.AspNetCore.Upgrades;

namespace Microsoft.AspNetCore.Http;

/// <summary>Accepts WebSocket connections in controllers, middleware and any other code that has an <see cref="HttpContext"/>.</summary>
public static class SockeyeHttpContextExtensions
{
    /// <summary>Responds to an opening handshake: opens a connection, or writes a rejection (RFC 6455 §4.2.2; RFC 8441 §5).</summary>
    /// <param name="context">The request.</param>
    /// <param name="options">
    /// The options of this connection; those that are not set are those of the application. Keep one object for all requests with the same
    /// options: what belongs to them is prepared once.
    /// </param>
    /// <returns>
    /// The connection, whose messages the caller receives; <see langword="null"/> if the request was rejected, also because it is not
    /// an opening handshake, or because the server has reached its own limit of upgraded connections (503): then the response is complete.
    /// </returns>
    /// <remarks>
    /// Keep the request open until the connection has ended, as with a loop that receives its messages: at the end of the request, an open
    /// connection is closed with 1000, and with 1011 if the request has thrown an exception. Canceling <see cref="HttpContext.RequestAborted"/> means that the client has disconnected.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added, or the server cannot upgrade requests.</exception>
    /// <exception cref="System.IO.IOException">The client has disconnected during the handshake.</exception>
    public static async Task<WebSocketConnection?> AcceptSockeyeAsync(this HttpContext context, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        AcceptorRoutes routes = AcceptorRoutes.Of(context);
        using WebSocketPreparedUpgrade? upgrade = await HttpUpgrade.PrepareAsync(
            context, routes.Acceptor, options is null ? null : routes.RouteOf(options, context)).ConfigureAwait(false);
        if (upgrade is null)
        {
            return null;
        }

        try
        {
            OpenedConnection opened = await HttpUpgrade.OpenAsync(context, upgrade, keepsRequest: true).ConfigureAwait(false);
            var end = new RequestEnd(opened);
            context.Features.Set(end);

            // Where no middleware of this library is around the request.
            context.Response.RegisterForDisposeAsync(end);
            return opened.Connection;
        }
        catch (UpgradeRefusedException exception)
        {
            EndpointLog.LoggerOf(context.RequestServices).NotUpgraded(exception);
            HttpUpgradeResponse.Refuse(context);
            return null;
        }
    }
}
