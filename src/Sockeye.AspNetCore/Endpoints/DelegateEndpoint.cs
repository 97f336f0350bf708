using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging;
using Sockeye.Protocol;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>
/// An endpoint whose connections are served by a method with any parameters. ASP.NET Core's own binding of minimal APIs binds them, behind
/// a filter that never calls the method: it keeps the arguments, with which the method is called when the connection is open.
/// </summary>
[RequiresUnreferencedCode("Parameters are bound by their types.")]
[RequiresDynamicCode("Parameters are bound by generated code.")]
internal sealed class DelegateEndpoint : EndpointTarget
{
    private readonly Delegate _handler;
    private readonly DelegateSignature _signature;
    private readonly MethodInvoker _invoker;
    private readonly IServiceProvider _services;
    private readonly ILogger _logger;

    /// <summary>Maps a method.</summary>
    /// <param name="handler">The method.</param>
    /// <param name="pattern">The pattern that it is mapped to, for messages.</param>
    /// <param name="services">The services of the application.</param>
    /// <exception cref="InvalidOperationException">It has a signature that cannot be bound.</exception>
    public DelegateEndpoint(Delegate handler, string pattern, IServiceProvider services)
    {
        _handler = handler;
        _services = services;
        _signature = new DelegateSignature(handler.Method, pattern, services);
        _invoker = MethodInvoker.Create(handler.Method);
        _logger = EndpointLog.LoggerOf(services);

        // Only to find what cannot be bound while the call that maps it is on the stack. The parameters of groups are not known yet.
        _ = CreateBinding(routeParameters: null, static (invocation, _) => default, new List<object>());
    }

    /// <inheritdoc/>
    public override IEnumerable<object> Attributes => [_handler.Method, .. AttributesOf(_handler.Method)];

    /// <inheritdoc/>
    public override RequestDelegate CreateDelegate(RouteEndpointBuilder builder, EndpointUpgrade upgrade)
    {
        string pattern = builder.RoutePattern.RawText ?? "";
        EndpointFilterDelegate filtered = Filtered(builder, _handler.Method, async invocation =>
        {
            DelegateCall call = DelegateCall.Of(invocation.HttpContext);
            call.Arguments = [.. invocation.Arguments];
            await upgrade.RunAsync(invocation.HttpContext, call).ConfigureAwait(false);
            return Results.Empty;
        });
        RequestDelegate bind = CreateBinding(
            [.. builder.RoutePattern.Parameters.Select(parameter => parameter.Name)],
            async (invocation, _) =>
            {
                HttpContext context = invocation.HttpContext;
                DelegateCall.Of(context).OnBound(context);
                await FilterResult.WriteAsync(context, await filtered(invocation).ConfigureAwait(false)).ConfigureAwait(false);
                return Results.Empty;
            },
            builder.Metadata);
        return context => RunAsync(context, bind, pattern);
    }

    /// <summary>Serves a connection.</summary>
    /// <param name="arguments">The arguments, except for the connection and the token.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Is canceled when the connection has ended.</param>
    internal async Task ServeAsync(object?[] arguments, WebSocketConnection connection, CancellationToken cancellationToken)
    {
        arguments[_signature.ConnectionPosition] = connection;
        foreach (int position in _signature.TokenPositions)
        {
            arguments[position] = cancellationToken;
        }

        await _signature.TaskOf(_invoker.Invoke(_handler.Target, arguments.AsSpan())).ConfigureAwait(false);
    }

    private async Task RunAsync(HttpContext context, RequestDelegate bind, string pattern)
    {
        var call = new DelegateCall(this, context, _services, _signature.NeedsRequest);
        try
        {
            await bind(context).ConfigureAwait(false);
        }
        catch (BadHttpRequestException exception) when (!call.IsBound)
        {
            string detail = PeerText.Escape(exception.Message);
            _logger.BindingFailed(pattern, exception.StatusCode, detail);
            context.Response.StatusCode = exception.StatusCode;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await FilterResult.WriteAsync(context, detail).ConfigureAwait(false);
        }
        finally
        {
            call.OnBound(context);
            if (!call.HasBegun)
            {
                await call.AbandonAsync().ConfigureAwait(false);
            }
        }
    }

    private RequestDelegate CreateBinding(
        IEnumerable<string>? routeParameters,
        Func<EndpointFilterInvocationContext, EndpointFilterDelegate, ValueTask<object?>> onBound, IList<object> metadata)
    {
        var services = new BindingServices(_services);
        var only = new RouteEndpointBuilder(requestDelegate: null, RoutePatternFactory.Parse(""), order: 0)
        {
            ApplicationServices = services,
        };
        only.FilterFactories.Add((_, next) => invocation => onBound(invocation, next));
        foreach (object item in metadata)
        {
            only.Metadata.Add(item);
        }

        RequestDelegateResult binding;
        try
        {
            binding = RequestDelegateFactory.Create(_handler, new RequestDelegateFactoryOptions
            {
                ServiceProvider = services,
                RouteParameterNames = routeParameters,

                // The exception has the reason, for the response and the log.
                ThrowOnBadRequest = true,
                DisableInferBodyFromParameters = true,
                EndpointBuilder = only,
            });
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException)
        {
            throw _signature.Invalid($"has parameters that cannot be bound: {exception.Message.TrimEnd('.')}", exception);
        }

        return binding.EndpointMetadata.OfType<IAcceptsMetadata>().Any()
            ? throw _signature.Invalid("takes a body. An opening handshake has none")
            : binding.RequestDelegate;
    }
}
