using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>
/// The services that arguments are bound from. ASP.NET Core binds the arguments before the connection is opened. Until then, the connection
/// counts as a service whose value is <see langword="null"/>; the method gets the real one when it is called.
/// </summary>
/// <param name="services">The services.</param>
internal sealed class BindingServices(IServiceProvider services)
    : IServiceProvider, IKeyedServiceProvider, ISupportRequiredService, IServiceProviderIsKeyedService, IServiceProvidersFeature
{
    private readonly IServiceProviderIsService? _isService = services.GetService<IServiceProviderIsService>();

    /// <inheritdoc/>
    public IServiceProvider RequestServices
    {
        get => this;
        set => throw new NotSupportedException("The services are not replaced while arguments are bound.");
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType) =>
        IsConnection(serviceType) ? null
        : serviceType == typeof(IServiceProviderIsService) || serviceType == typeof(IServiceProviderIsKeyedService) ? this
        : services.GetService(serviceType);

    /// <inheritdoc/>
    public object GetRequiredService(Type serviceType) => IsConnection(serviceType) ? null! : services.GetRequiredService(serviceType);

    /// <inheritdoc/>
    public object? GetKeyedService(Type serviceType, object? serviceKey) => Keyed.GetKeyedService(serviceType, serviceKey);

    /// <inheritdoc/>
    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => Keyed.GetRequiredKeyedService(serviceType, serviceKey);

    /// <inheritdoc/>
    public bool IsService(Type serviceType) => IsConnection(serviceType) || _isService?.IsService(serviceType) == true;

    /// <inheritdoc/>
    public bool IsKeyedService(Type serviceType, object? serviceKey) =>
        (_isService as IServiceProviderIsKeyedService)?.IsKeyedService(serviceType, serviceKey) == true;

    private IKeyedServiceProvider Keyed => services as IKeyedServiceProvider
        ?? throw new InvalidOperationException("The service provider of the application does not support keyed services.");

    private static bool IsConnection(Type type) => type == typeof(WebSocketConnection);
}
