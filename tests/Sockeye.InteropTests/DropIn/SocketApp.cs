using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>
/// An application on one of the stacks that accepts at <c>/echo</c>: it sends messages back, closes as a text "CODE REASON" says, and keeps
/// the code that a client closed with.
/// </summary>
internal sealed class SocketApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource<(int? Code, string? Reason)> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SocketApp(WebApplication app) => _app = app;

    /// <summary>The acceptor, which has the connections if the stack is Sockeye's.</summary>
    public WebSocketAcceptor Acceptor { get; } = new(new WebSocketAcceptorOptions());

    /// <summary>The address of the application.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>Where to connect.</summary>
    public Uri Echo => new UriBuilder(Address) { Scheme = "ws", Path = "/echo" }.Uri;

    /// <summary>What a client has closed with.</summary>
    public Task<(int? Code, string? Reason)> ClosedAsync() => _closed.Task.WaitAsync(Deadline.Length);

    /// <summary>Starts an application.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="map">Maps more than the echo.</param>
    /// <param name="build">Adds services.</param>
    public static async Task<SocketApp> StartAsync(
        Stack stack, Action<WebApplication>? map = null, Action<WebApplicationBuilder>? build = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        SocketApp? app = null;
        builder.Services.AddSingleton(_ => app!.Acceptor);
        build?.Invoke(builder);
        app = new SocketApp(builder.Build());
        app._app.Use(stack);
        map?.Invoke(app._app);
        app._app.Map("/echo", app.ServeAsync);
        await app._app.StartAsync(Deadline.Token());
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Acceptor.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                _closed.TrySetResult(((int?)socket.CloseStatus, socket.CloseStatusDescription));
                if (socket.State == WebSocketState.CloseReceived)
                {
                    await socket.CloseOutputAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, context.RequestAborted);
                }

                return;
            }

            string text = Encoding.UTF8.GetString(buffer, 0, result.Count);
            if (result is { MessageType: WebSocketMessageType.Text, EndOfMessage: true } && text.StartsWith("close ", StringComparison.Ordinal))
            {
                string[] words = text.Split(' ', 3);
                await socket.CloseOutputAsync(Enum.Parse<WebSocketCloseStatus>(words[1]), words[2], context.RequestAborted);
            }
            else
            {
                await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, context.RequestAborted);
            }
        }
    }
}
