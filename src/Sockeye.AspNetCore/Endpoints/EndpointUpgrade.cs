using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sockeye.AspNetCore.Kestrel;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>Conducts the opening handshakes of an endpoint, and keeps each request open as long as its connection needs it.</summary>
/// <param name="rules">The options of the endpoint, and who may connect.</param>
/// <param name="services">The services of the application.</param>
internal sealed class EndpointUpgrade(OriginRules rules, IServiceProvider services)
{
    private readonly ILogger _logger = EndpointLog.LoggerOf(services);
    private readonly Lazy<AcceptorRoutes> _routes = new(() => AcceptorRoutes.Of(services));

    /// <summary>Responds to a request. If it opens a connection, that is served; otherwise the serving is abandoned.</summary>
    /// <param name="context">The request.</param>
    /// <param name="serving">What serves the connection.</param>
    /// <returns>A task that completes when the request may end.</returns>
    public async Task RunAsync(HttpContext context, ConnectionServing serving)
    {
        // In a method of its own: this one waits as long as the connection lasts, and must not keep what only the handshake needs.
        Task requestMayEnd = await OpenAsync(context, serving).ConfigureAwait(false);
        await requestMayEnd.ConfigureAwait(false);
    }

    // Returns what the request has to wait for.
    private async Task<Task> OpenAsync(HttpContext context, ConnectionServing serving)
    {
        bool isServed = false;
        try
        {
            AcceptorRoutes routes = _routes.Value;
            WebSocketRouteOptions options = await rules.OptionsForAsync(context).ConfigureAwait(false);
            using WebSocketPreparedUpgrade? upgrade = await HttpUpgrade.PrepareAsync(
                context, routes.Acceptor, routes.RouteOf(options, context)).ConfigureAwait(false);
            if (upgrade is null)
            {
                return Task.CompletedTask;
            }

            if (upgrade.Handler is null)
            {
                upgrade.UseHandler(serving.Begin());
            }

            OpenedConnection opened = await HttpUpgrade.OpenAsync(
                context, upgrade, keepsRequest: upgrade.Handler is null && serving.KeepsRequest).ConfigureAwait(false);
            isServed = upgrade.Handler is null;
            return isServed && serving.KeepsRequest ? Task.WhenAll(opened.RequestMayEnd, serving.RequestMayEnd) : opened.RequestMayEnd;
        }
        catch (Exception exception)
            when (exception is ClientLostException
                || (exception is IOException or OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            _logger.LostDuringHandshake(exception);
            return Task.CompletedTask;
        }
        catch (UpgradeRefusedException exception)
        {
            _logger.NotUpgraded(exception);
            HttpUpgradeResponse.Refuse(context);
            return Task.CompletedTask;
        }
        finally
        {
            if (!isServed)
            {
                await serving.AbandonAsync().ConfigureAwait(false);
            }
        }
    }
}
