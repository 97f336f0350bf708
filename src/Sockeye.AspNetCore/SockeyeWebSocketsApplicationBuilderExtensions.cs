using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sockeye.AspNetCore.DropIn;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Runs what is written for the WebSockets of ASP.NET Core on Sockeye.</summary>
public static class SockeyeWebSocketsApplicationBuilderExtensions
{
    /// <summary>
    /// Replaces <see cref="WebSocketMiddlewareExtensions.UseWebSockets(IApplicationBuilder)"/>: <c>HttpContext.WebSockets</c>, and what is
    /// built on it such as SignalR and Blazor Server, accepts its connections with Sockeye from here on.
    /// </summary>
    /// <param name="app">The application, or a branch of it. Call this before the middleware and endpoints that accept WebSockets.</param>
    /// <param name="options">
    /// The options of ASP.NET Core's own middleware; <see langword="null"/> for those that <c>AddWebSockets</c> has configured.
    /// </param>
    /// <returns>The application.</returns>
    /// <remarks>
    /// <para>
    /// Which requests are WebSocket requests, the response, the options and the behavior of the <see cref="System.Net.WebSockets.WebSocket"/>
    /// are those of ASP.NET Core, over HTTP/1.1 and HTTP/2. In particular, pages of every origin may connect unless
    /// <see cref="WebSocketOptions.AllowedOrigins"/> lists some, where <c>MapWebSocket</c> allows the server's own origin only; and messages
    /// may have any length, because the application receives them in pieces.
    /// </para>
    /// <para>
    /// If Sockeye's services were added (<c>AddSockeye</c>), the connections belong to the application's
    /// <see cref="Sockeye.WebSocketAcceptor"/>: its limits and timeouts apply, its broadcasts reach them, and they are closed in order when
    /// the application stops. A request for which it has no room fails with a <see cref="BadHttpRequestException"/>, which the server turns
    /// into a 503. Without these services nothing limits their number, and nothing closes them.
    /// </para>
    /// </remarks>
    public static IApplicationBuilder UseSockeyeWebSockets(this IApplicationBuilder app, WebSocketOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        options ??= app.ApplicationServices.GetService<IOptions<WebSocketOptions>>()?.Value ?? new WebSocketOptions();
        var routes = new DropInRoutes(app.ApplicationServices);
        return app.Use(next => new DropInMiddleware(next, options, routes, app.ApplicationServices).InvokeAsync);
    }
}
