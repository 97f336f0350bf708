using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>A SignalR application on one of the stacks, with a page for browsers. Clients reach it directly, or by a relay that cuts.</summary>
internal sealed class HubApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource<JsonElement> _report = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stack _stack;

    private HubApp(Stack stack, WebApplication app)
    {
        _stack = stack;
        _app = app;
    }

    /// <summary>The acceptor, which has the connections if the stack is Sockeye's.</summary>
    public WebSocketAcceptor Acceptor { get; } = new(new WebSocketAcceptorOptions());

    public CuttableRelay Relay { get; } = new();

    /// <summary>The address of the hub.</summary>
    public Uri Hub => new(new Uri(_app.Urls.Single()), "/hub");

    /// <summary>The address of the hub behind the relay.</summary>
    public Uri RelayedHub => new(Relay.Address, "/hub");

    public static async Task<HubApp> StartAsync(Stack stack)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        HubApp? app = null;
        builder.Services.AddSingleton(_ => app!.Relay);
        builder.Services.AddSingleton(_ => app!.Acceptor);
        builder.Services.AddSignalR(options =>
        {
            options.MaximumReceiveMessageSize = null;
            options.StatefulReconnectBufferSize = 1024 * 1024;
        }).AddMessagePackProtocol();
        app = new HubApp(stack, builder.Build());
        app.Map();
        await app._app.StartAsync(Deadline.Token());
        app.Relay.To(new Uri(app._app.Urls.Single()));
        return app;
    }

    /// <summary>The report of the page, once it has one.</summary>
    public Task<JsonElement> ReportAsync() => _report.Task.WaitAsync(Deadline.Length);

    /// <summary>The address of the page.</summary>
    public string PageFor(string protocol) => new Uri(Relay.Address, $"/?{protocol}").AbsoluteUri;

    /// <summary>Asserts that the connections that are open run on the stack.</summary>
    public void AssertRunsOnStack(int count) => Assert.Equal(_stack == Stack.Sockeye ? count : 0, Acceptor.ConnectionCount);

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await _app.DisposeAsync();
        await Acceptor.DisposeAsync();
    }

    private void Map()
    {
        _app.Use(_stack);
        _app.MapHub<TestHub>("/hub", static options => options.AllowStatefulReconnects = true);
        _app.MapGet("/", () => File("signalr/page.html", "text/html"));
        _app.MapGet("/scenario.js", () => File("signalr/scenario.js", "text/javascript"));
        _app.MapGet("/signalr.js", () => File("node_modules/@microsoft/signalr/dist/browser/signalr.js", "text/javascript"));
        _app.MapGet("/msgpack.js", () => File(
            "node_modules/@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.js", "text/javascript"));
        _app.MapPost("/report", async (HttpRequest request) =>
        {
            JsonDocument report = await JsonDocument.ParseAsync(request.Body);
            _report.TrySetResult(report.RootElement.Clone());
        });

        static IResult File(string path, string type) => Results.File(Path.Combine(PeerPrograms.Folder, path), type);
    }
}
