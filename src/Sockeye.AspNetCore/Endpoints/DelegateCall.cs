using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The call of a method that serves the connection of one request: its arguments, and the scope of its services.</summary>
internal sealed class DelegateCall : ConnectionServing
{
    private readonly DelegateEndpoint _endpoint;
    private IServiceProvidersFeature? _servicesOfRequest;
    private readonly TaskCompletionSource? _returned;
    private AsyncServiceScope? _scope;

    /// <summary>Begins to bind: until <see cref="OnBound"/>, the services of the request are those of the call.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="context">The request.</param>
    /// <param name="services">The services of the application.</param>
    /// <param name="needsRequest">
    /// Whether the method takes the request, which stays open then: its scope is that of the services. Otherwise the call has its own.
    /// </param>
    public DelegateCall(DelegateEndpoint endpoint, HttpContext context, IServiceProvider services, bool needsRequest)
    {
        _endpoint = endpoint;
        _servicesOfRequest = context.Features.Get<IServiceProvidersFeature>();
        if (needsRequest)
        {
            _returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            _scope = services.CreateAsyncScope();
        }

        context.Features.Set<IServiceProvidersFeature>(new BindingServices(_scope?.ServiceProvider ?? context.RequestServices));
        context.Features.Set(this);
    }

    /// <summary>Whether all arguments are bound.</summary>
    public bool IsBound { get; private set; }

    /// <summary>Whether the handshake was about to be accepted; then who conducts it abandons the call.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The arguments, after all filters.</summary>
    public object?[] Arguments { get; set; } = [];

    /// <inheritdoc/>
    public override bool KeepsRequest => _returned is not null;

    /// <inheritdoc/>
    public override Task RequestMayEnd => _returned?.Task ?? Task.CompletedTask;

    /// <summary>The call of a request that is being bound or filtered.</summary>
    public static DelegateCall Of(HttpContext context) => context.Features.GetRequiredFeature<DelegateCall>();

    /// <summary>Gives the request its own services back.</summary>
    public void OnBound(HttpContext context)
    {
        if (!IsBound)
        {
            IsBound = true;
            context.Features.Set(_servicesOfRequest);

            // This object outlives the request, which must not be kept alive by it.
            _servicesOfRequest = null;
        }
    }

    /// <inheritdoc/>
    public override WebSocketHandler Begin()
    {
        HasBegun = true;
        return WebSocketHandler.FromDelegate(ServeAsync);
    }

    /// <inheritdoc/>
    public override async ValueTask AbandonAsync()
    {
        if (_scope is { } scope)
        {
            _scope = null;
            await scope.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await _endpoint.ServeAsync(Arguments, connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            try
            {
                await AbandonAsync().ConfigureAwait(false);
            }
            finally
            {
                _returned?.TrySetResult();
            }
        }
    }
}
