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
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        bool isHttp1 = HandshakeRequests.IsHttp1Handshake(context);
        if (isHttp1)
        {
            CloseUnlessSwitching(context);
        }

        return isHttp1 || HandshakeRequests.IsHandshake(context) ? InvokeHandshakeAsync(context, next, isHttp1) : next(context);
    }

    // What a server calls at the end of a request comes too late on HTTP/2, and over a stream: nothing more can be written then.
    private static async Task InvokeHandshakeAsync(HttpContext context, RequestDelegate next, bool isHttp1)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch
        {
            if (isHttp1)
            {
                // The server responds with 500 then, without the callback of the response's start.
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            }

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

    private static void CloseUnlessSwitching(HttpContext context) => context.Response.OnStarting(
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
}
