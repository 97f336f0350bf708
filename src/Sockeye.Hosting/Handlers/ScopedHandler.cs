using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Hosting.Handlers;

/// <summary>
/// The handler of one connection, and the scope of services that it comes from: disposed of when
/// <see cref="WebSocketHandler.OnClosed"/> has returned, or by <see cref="Abandon"/>.
/// </summary>
/// <remarks>Each connection has an object of its own, so that a call is forwarded without a lookup or an allocation.</remarks>
internal sealed class ScopedHandler : WebSocketHandler
{
    private readonly WebSocketHandler _handler;
    private readonly object? _owned;
    private readonly AsyncServiceScope _scope;
    private readonly ConnectionScopes _scopes;
    private int _isDisposed;

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
        return FromFactory(_ => Create<THandler>(scopes));
    }

    /// <summary>
    /// Creates a handler of the given type, in a scope of its own, for a connection that is about to open: so an exception of its
    /// constructor can still reject the request.
    /// </summary>
    /// <typeparam name="THandler">As for <see cref="For{THandler}(IServiceProvider)"/>.</typeparam>
    /// <param name="services">The services of the application.</param>
    public static ScopedHandler Create<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(IServiceProvider services)
        where THandler : WebSocketHandler =>
        Create<THandler>(ConnectionScopes.Of(services));

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
            Dispose();
        }
    }

    /// <summary>Releases everything: no connection has opened.</summary>
    public void Abandon() => Dispose();

    private static ScopedHandler Create<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(ConnectionScopes scopes)
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
            THandler created = Constructor<THandler>.Create.Value(scope.ServiceProvider, null);
            return new ScopedHandler(created, owned: created, scope, scopes);
        }
        catch
        {
            scopes.Dispose(owned: null, scope);
            throw;
        }
    }

    private void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _scopes.Dispose(_owned, _scope);
        }
    }

    // Made when it is needed: a type that is registered as a service may have no public constructor.
    private static class Constructor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>
        where THandler : WebSocketHandler
    {
        public static readonly Lazy<ObjectFactory<THandler>> Create = new(static () => ActivatorUtilities.CreateFactory<THandler>([]));
    }
}
