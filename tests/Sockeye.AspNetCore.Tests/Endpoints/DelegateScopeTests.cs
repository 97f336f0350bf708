using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>The scope that the services of a method are from, and how long a request lasts.</summary>
public sealed class DelegateScopeTests
{
    public static TheoryData<HttpProtocolCase> Protocols => [HttpProtocolCase.Http1, HttpProtocolCase.Http2];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Services_live_until_the_method_has_returned(HttpProtocolCase protocol)
    {
        var tracked = new Tracked();
        var mayReturn = new TaskCompletionSource();
        await using EndpointApp app = await EndpointApp.StartAsync(
            app => app.MapWebSocket("/", async (WebSocketConnection connection, Service service, CancellationToken cancellation) =>
            {
                await connection.SendAsync("served", cancellation);
                await connection.Closed;
                await mayReturn.Task;
                tracked.WasDisposedInMethod.SetResult(service.IsDisposed);
            }),
            builder => builder.Services.AddSingleton(tracked).AddScoped<Service>(),
            protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/");
        Assert.Equal("served", (await client.ReceiveAsync().WithDeadline())?.GetText());

        await client.CloseAsync();
        mayReturn.SetResult();

        Assert.False(await tracked.WasDisposedInMethod.Task.WithDeadline());
        await tracked.Disposed.Task.WithDeadline();
    }

    [Fact]
    public async Task Services_are_disposed_of_at_once_if_there_is_no_connection()
    {
        var tracked = new Tracked();
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapWebSocket("/", static (WebSocketConnection _, Service service) => Task.CompletedTask);
                app.MapWebSocket("/filtered", static (WebSocketConnection _, Service service) => Task.CompletedTask)
                    .AddEndpointFilter(static (_, _) => ValueTask.FromResult<object?>(Results.StatusCode(402)));
                app.MapWebSocket("/decided", static (WebSocketConnection _, Service service) => Task.CompletedTask, new()
                {
                    OnUpgrade = static (_, _) => WebSocketUpgradeDecision.Accept(WebSocketHandler.FromDelegate(
                        static async (connection, cancellation) => await connection.Closed)),
                });
            },
            builder => builder.Services.AddSingleton(tracked).AddScoped<Service>());

        await AssertRejectedAsync("/", 403, options => options with { Origin = "https://evil.example" });
        await AssertRejectedAsync("/filtered", 402);

        // Another handler serves this one, which is still open when the services go.
        await using WebSocketConnection client = await app.ConnectAsync("/decided");
        await tracked.NextAsync();

        async Task AssertRejectedAsync(
            string path, int status, Func<WebSocketClientOptions, WebSocketClientOptions>? configure = null)
        {
            Assert.Equal(status, (await app.RejectedAsync(path, configure)).StatusCode);
            await tracked.NextAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task With_the_request_the_services_are_those_of_the_request_which_stays_open(HttpProtocolCase protocol)
    {
        var tracked = new Tracked();
        var mayReturn = new TaskCompletionSource();
        var requestEnded = new TaskCompletionSource();
        await using EndpointApp app = await EndpointApp.StartAsync(
            app =>
            {
                app.Use(async (HttpContext context, RequestDelegate next) =>
                {
                    context.RequestServices.GetRequiredService<Service>().Note = "from middleware";
                    await next(context);
                    requestEnded.SetResult();
                });
                app.MapWebSocket("/", async (WebSocketConnection connection, HttpContext context, Service service) =>
                {
                    await connection.SendAsync($"{service.Note}, {context.Request.Path}");
                    await connection.Closed;
                    await mayReturn.Task;
                    tracked.WasDisposedInMethod.SetResult(service.IsDisposed || context.Request.Path != "/");
                });
            },
            builder => builder.Services.AddSingleton(tracked).AddScoped<Service>(),
            protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/");
        Assert.Equal("from middleware, /", (await client.ReceiveAsync().WithDeadline())?.GetText());

        await client.CloseAsync();
        await Deadlines.StaysIncompleteAsync(requestEnded.Task);
        mayReturn.SetResult();

        Assert.False(await tracked.WasDisposedInMethod.Task.WithDeadline());
        await requestEnded.Task.WithDeadline();
        await tracked.Disposed.Task.WithDeadline();
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Without_the_request_the_accessor_has_no_context(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/", static async (WebSocketConnection connection, IHttpContextAccessor accessor) =>
            {
                await Task.Yield();
                await connection.SendAsync(accessor.HttpContext is null ? "none" : "a context");
            }),
            static builder => builder.Services.AddHttpContextAccessor(),
            protocol);

        Assert.Equal("none", await app.FirstMessageAsync("/"));
    }

    [Fact]
    public async Task Filters_see_the_services_of_the_request()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.Use(static (HttpContext context, RequestDelegate next) =>
                {
                    context.RequestServices.GetRequiredService<Service>().Note = "of the request";
                    return next(context);
                });
                app.MapWebSocket("/", static async (WebSocketConnection connection, Service service, string note) =>
                        await connection.SendAsync($"{service.Note ?? "own"}, {note}"))
                    .AddEndpointFilter(static (invocation, next) =>
                    {
                        invocation.Arguments[2] = invocation.HttpContext.RequestServices.GetRequiredService<Service>().Note;
                        return next(invocation);
                    });
            },
            static builder => builder.Services.AddSingleton<Tracked>().AddScoped<Service>());

        Assert.Equal("own, of the request", await app.FirstMessageAsync("/?note=x"));
    }

    internal sealed class Tracked
    {
        private readonly SemaphoreSlim _disposals = new(0);

        public TaskCompletionSource<bool> WasDisposedInMethod { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnDisposed()
        {
            _disposals.Release();
            Disposed.TrySetResult();
        }

        public async Task NextAsync() => Assert.True(await _disposals.WaitAsync(Deadlines.Deadline), "Nothing was disposed of.");
    }

    internal sealed class Service(Tracked tracked) : IAsyncDisposable
    {
        public string? Note { get; set; }

        public bool IsDisposed { get; private set; }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            tracked.OnDisposed();
            return default;
        }
    }
}
