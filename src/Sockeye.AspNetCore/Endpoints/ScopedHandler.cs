using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The handler of one connection, with the scope of its services. Disposed of when the connection has ended.</summary>
internal sealed class ScopedHandler : WebSocketHandler, IAsyncDisposable
{
    private readonly AsyncServiceScope _scope;
    private readonly WebSocketHandler _handler;
    private readonly bool _isOfScope;
    private readonly ILogger _logger;
    private int _isDisposed;

    private ScopedHandler(AsyncServiceScope scope, WebSocketHandler handler, bool isOfScope)
    {
        _scope = scope;
        _handler = handler;
        _isOfScope = isOfScope;
        _logger = EndpointLog.LoggerOf(scope.ServiceProvider);
    }

    /// <summary>Creates a scope, and a handler in it: the service if it is one, otherwise by its constructor.</summary>
    /// <typeparam name="THandler">The type of the handler.</typeparam>
    /// <param name="services">The services of the application.</param>
    public static ScopedHandler Create<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        IServiceProvider services)
        where THandler : WebSocketHandler
    {
        AsyncServiceScope scope = services.CreateAsyncScope();
        try
        {
            THandler? service = scope.ServiceProvider.GetService<THandler>();
            return new ScopedHandler(
                scope, service ?? ActivatorUtilities.CreateInstance<THandler>(scope.ServiceProvider), isOfScope: service is not null);
        }
        catch
        {
            // What a constructor has resolved already may have to be disposed of asynchronously, and nothing waits for it.
            _ = EndpointLog.DisposeAsync(scope, EndpointLog.LoggerOf(services));
            throw;
        }
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
            _ = EndpointLog.DisposeAsync(this, _logger);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        // The handler first: it may use its services until then.
        await using (_scope.ConfigureAwait(false))
        {
            if (_isOfScope)
            {
                return;
            }

            if (_handler is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                (_handler as IDisposable)?.Dispose();
            }
        }
    }
}
