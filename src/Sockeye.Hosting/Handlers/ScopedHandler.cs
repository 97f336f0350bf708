using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Hosting.Handlers;

/// <summary>
/// The handler of one connection, and the scope of services that it comes from: created when the connection opens, and disposed of when
/// <see cref="WebSocketHandler.OnClosed"/> has returned.
/// </summary>
/// <remarks>Each connection has an object of its own, so that a call is forwarded without a lookup or an allocation.</remarks>
internal sealed class ScopedHandler : WebSocketHandler
{
    private readonly WebSocketHandler _handler;
    private readonly object? _owned;
    private readonly AsyncServiceScope _scope;
    private readonly ConnectionScopes _scopes;

    private ScopedHandler(WebSocketHandler handler, object? owned, AsyncServiceScope scope, ConnectionScopes scopes)
    {
        _handler = handler;
        _owned = owned;
        _scope = scope;
        _scopes = scopes;
    }

    /// <summary>Creates a handler that creates one of the given type, in a scope of its own, for each connection that opens.</summary>
    /// <typeparam name="THandler">
    /// The type: a service, with the lifetime that it is registered with; if it is not registered, a class whose constructor takes services.
    /// </typeparam>
    /// <param name="services">The services of the application.</param>
    /// <remarks>If the creation throws, the scope is disposed of, the connection is closed with 1011, and the exception is logged.</remarks>
    public static WebSocketHandler For<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(IServiceProvider services)
        where THandler : WebSocketHandler
    {
        var scopes = ConnectionScopes.Of(services);
        var factory = new Lazy<ObjectFactory<THandler>>(static () => ActivatorUtilities.CreateFactory<THandler>([]));
        return FromFactory(_ => Create(scopes, factory));
    }

    /// <summary>Creates a handler that serves each connection with a method, which receives a scope of services too.</summary>
    public static WebSocketHandler For(
        IServiceProvider services, Func<WebSocketConnection, IServiceProvider, CancellationToken, Task> serve)
    {
        var scopes = ConnectionScopes.Of(services);
        return FromDelegate(async (connection, cancellationToken) =>
        {
            AsyncServiceScope scope = scopes.Create();
            await using (scope.ConfigureAwait(false))
            {
                await serve(connection, scope.ServiceProvider, cancellationToken).ConfigureAwait(false);
            }
        });
    }

    /// <inheritdoc/>
    public override void OnOpened(WebSocketConnection connection) => _handler.OnOpened(connection);

    /// <inheritdoc/>
    public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        _handler.OnMessage(connection, payload, kind);

    /// <inheritdoc/>
    public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
        _handler.OnMessageAsync(connection, message);

    /// <inheritdoc/>
    public override void OnFragment(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        _handler.OnFragment(connection, payload, kind, endOfMessage);

    /// <inheritdoc/>
    public override ValueTask OnFragmentAsync(WebSocketConnection connection, WebSocketFragment fragment) =>
        _handler.OnFragmentAsync(connection, fragment);

    /// <inheritdoc/>
    public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) => _handler.OnPing(connection, payload);

    /// <inheritdoc/>
    public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) => _handler.OnPong(connection, payload);

    /// <inheritdoc/>
    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
    {
        try
        {
            _handler.OnClosed(connection, result);
        }
        finally
        {
            _scopes.Dispose(_owned, _scope);
        }
    }

    private static ScopedHandler Create<THandler>(ConnectionScopes scopes, Lazy<ObjectFactory<THandler>> factory)
        where THandler : WebSocketHandler
    {
        AsyncServiceScope scope = scopes.Create();
        try
        {
            if (scope.ServiceProvider.GetService<THandler>() is { } registered)
            {
                return new ScopedHandler(registered, owned: null, scope, scopes);
            }

            // No scope disposes of what it has not created.
            THandler created = factory.Value(scope.ServiceProvider, null);
            return new ScopedHandler(created, owned: created, scope, scopes);
        }
        catch
        {
            scopes.Dispose(owned: null, scope);
            throw;
        }
    }
}
