using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Puts <see cref="RejectedUpgrades"/> around all middleware, so that it sees what any of it rejects.</summary>
internal sealed class RejectedUpgradeFilter : IStartupFilter
{
    /// <inheritdoc/>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (HttpContext context, RequestDelegate rest) => RejectedUpgrades.InvokeAsync(context, rest));
        next(app);
    };
}
