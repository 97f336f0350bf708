using Microsoft.AspNetCore.Http;
using Sockeye.AspNetCore.Endpoints;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.Tests;

/// <summary>A request delegate that serves connections with a handler, and lets the request end as soon as it may.</summary>
internal static class HandlerEndpoint
{
    public static RequestDelegate For(WebSocketHandler handler, Action? onRequestEnds = null) => async context =>
    {
        using WebSocketPreparedUpgrade? upgrade =
            await HttpUpgrade.PrepareAsync(context, AcceptorRoutes.Of(context).Acceptor, route: null);
        if (upgrade is not null)
        {
            upgrade.UseHandler(handler);
            OpenedConnection opened = await HttpUpgrade.OpenAsync(context, upgrade, keepsRequest: false);
            await opened.RequestMayEnd;
            onRequestEnds?.Invoke();
        }
    };
}
