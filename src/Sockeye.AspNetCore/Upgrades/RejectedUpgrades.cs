using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>
/// Closes HTTP/1.1 connections whose upgrade is rejected: the client may have sent frames already, which would be read as requests, and a
/// proxy may believe that the connection is a tunnel. Ends connections that cannot outlive their request, while it can still send.
/// </summary>
internal static class RejectedUpgrades
{
    /// <summary>Handles a request, and closes its connection after any response except 101, if it asks for a WebSocket.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next) =>
        HandshakeRequests.IsHttp1Handshake(context) ? InvokeHandshakeAsync(context, next)
        : HandshakeRequests.IsHandshake(context) ? InvokeToEndAsync(context, next)
        : next(context);

    // What a server calls at the end of a request comes too late on HTTP/2, and over a stream: nothing more can be written then.
    private static async Task InvokeToEndAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch
        {
            if (context.Features.Get<RequestEnd>() is { } failed)
            {
                await failed.FailAsync().ConfigureAwait(false);
            }

            throw;
        }

        if (context.Features.Get<RequestEnd>() is { } end)
        {
            await end.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task InvokeHandshakeAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(
            static state =>
            {
                HttpResponse response = ((HttpContext)state).Response;
                if (response.StatusCode != StatusCodes.Status101SwitchingProtocols)
                {
                    response.Headers.Connection = "close";
                }

                return Task.CompletedTask;
            },
            context);
        try
        {
            await InvokeToEndAsync(context, next).ConfigureAwait(false);
        }
        catch
        {
            // The server responds with 500 then, without the callback above.
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            throw;
        }
    }
}
