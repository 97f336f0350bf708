using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>An application with WebSocket endpoints, and clients of it.</summary>
public sealed class EndpointApp : IAsyncDisposable
{
    private readonly TestApp _app;
    private readonly HttpProtocolCase _protocol;

    private EndpointApp(TestApp app, HttpProtocolCase protocol, RecordedLog log)
    {
        _app = app;
        _protocol = protocol;
        Log = log;
    }

    /// <summary>What was logged.</summary>
    internal RecordedLog Log { get; }

    /// <summary>The address with http or https.</summary>
    public Uri Address => _app.Address;

    /// <summary>The address for WebSockets.</summary>
    public Uri At(string path) => _app.At(path);

    /// <summary>The services of the application.</summary>
    public IServiceProvider Services => _app.App.Services;

    /// <summary>Starts an application.</summary>
    /// <param name="map">Maps its endpoints and middleware.</param>
    /// <param name="build">Adds services, and configures the server.</param>
    /// <param name="protocol">The version of HTTP.</param>
    /// <param name="options">The options of the acceptor.</param>
    public static async Task<EndpointApp> StartAsync(
        Action<WebApplication> map, Action<WebApplicationBuilder>? build = null, HttpProtocolCase protocol = HttpProtocolCase.Http1,
        WebSocketAcceptorOptions? options = null)
    {
        var log = new RecordedLog();
        TestApp app = await TestApp.StartAsync(map, builder =>
        {
            builder.Logging.AddProvider(log);
            builder.Services.AddSockeye((services, _) =>
                (options ?? new()) with { LoggerFactory = services.GetRequiredService<ILoggerFactory>() });
            builder.Speak(protocol);
            build?.Invoke(builder);
        });
        return new EndpointApp(app, protocol, log);
    }

    /// <summary>Connects a client.</summary>
    public Task<WebSocketConnection> ConnectAsync(string path, Func<WebSocketClientOptions, WebSocketClientOptions>? configure = null)
    {
        WebSocketClientOptions options = _protocol.ClientOptions();
        return WebSocketClient.ConnectAsync(At(path), configure?.Invoke(options) ?? options).WithDeadline();
    }

    /// <summary>Connects a client from a page.</summary>
    public Task<WebSocketConnection> ConnectFromAsync(string origin, string path) =>
        ConnectAsync(path, options => options with { Origin = origin });

    /// <summary>Connects a client, which is rejected.</summary>
    /// <returns>Why.</returns>
    public async Task<WebSocketHandshakeException> RejectedAsync(
        string path, Func<WebSocketClientOptions, WebSocketClientOptions>? configure = null) =>
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(path, configure));

    /// <summary>Connects a client, and receives the first message.</summary>
    public async Task<string?> FirstMessageAsync(string path, Func<WebSocketClientOptions, WebSocketClientOptions>? configure = null)
    {
        await using WebSocketConnection client = await ConnectAsync(path, configure);
        return (await client.ReceiveAsync().WithDeadline())?.GetText();
    }

    /// <summary>Sends a plain request.</summary>
    public async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var handler = new SocketsHttpHandler { SslOptions = TestCertificate.ForClient() };
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path))
        {
            Version = _protocol is HttpProtocolCase.Http2 or HttpProtocolCase.Http2Tls ? new Version(2, 0) : new Version(1, 1),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await client.SendAsync(request).WithDeadline();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
