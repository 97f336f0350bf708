using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>An endpoint whose connections a handler serves.</summary>
/// <param name="start">Starts to serve the connection of a request.</param>
/// <param name="source">The type or the method whose attributes apply.</param>
internal sealed class HandlerEndpoint(Func<HttpContext, ConnectionServing> start, MemberInfo source) : EndpointTarget
{
    private static readonly MethodInfo Signature = ((Action<WebSocketConnection>)OnConnection).Method;

    /// <inheritdoc/>
    public override IEnumerable<object> Attributes => AttributesOf(source);

    /// <inheritdoc/>
    public override RequestDelegate CreateDelegate(RouteEndpointBuilder builder, EndpointUpgrade upgrade)
    {
        if (builder.FilterFactories.Count == 0)
        {
            return context => upgrade.RunAsync(context, start(context));
        }

        EndpointFilterDelegate filtered = Filtered(builder, Signature, async invocation =>
        {
            await upgrade.RunAsync(invocation.HttpContext, start(invocation.HttpContext)).ConfigureAwait(false);
            return Results.Empty;
        });
        return async context =>
        {
            object? result = await filtered(EndpointFilterInvocationContext.Create<WebSocketConnection?>(context, null)).ConfigureAwait(false);
            await FilterResult.WriteAsync(context, result).ConfigureAwait(false);
        };
    }

    // Only its signature is used: filters see the parameters.
    private static void OnConnection(WebSocketConnection connection) => _ = connection;
}
