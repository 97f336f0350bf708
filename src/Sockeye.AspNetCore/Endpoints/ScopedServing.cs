using System.Diagnostics.CodeAnalysis;
using Sockeye.Hosting.Handlers;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>Serves a connection with a handler of its own, in a scope of its own.</summary>
/// <typeparam name="THandler">The type of the handler.</typeparam>
/// <param name="services">The services of the application.</param>
internal sealed class ScopedServing<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
    IServiceProvider services) : ConnectionServing
    where THandler : WebSocketHandler
{
    private ScopedHandler? _handler;

    /// <inheritdoc/>
    public override WebSocketHandler Begin() => _handler = ScopedHandler.Create<THandler>(services);

    /// <inheritdoc/>
    public override ValueTask AbandonAsync()
    {
        _handler?.Abandon();
        return default;
    }
}
