using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.AspNetCore;

namespace Sockeye.Tests;

/// <summary>What an endpoint can be mapped to, over each version of HTTP.</summary>
public sealed class MapWebSocketTests
{
    public static TheoryData<HttpProtocolCase> Protocols => [.. Enum.GetValues<HttpProtocolCase>()];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_handler_serves_the_connections_of_its_endpoint(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/echo", new EchoHandler()), protocol: protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/echo");

        await client.SendAsync("hello");
        Assert.Equal("hello", (await client.ReceiveAsync().WithDeadline())?.GetText());
        await client.CloseAsync();

        Assert.True((await client.Closed.WithDeadline()).WasClean);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_method_serves_a_connection_which_is_closed_when_it_returns(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/", async (connection, cancellation) =>
            {
                Assert.False(cancellation.IsCancellationRequested);
                await connection.SendAsync("only this", cancellation);
            }),
            protocol: protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/");

        Assert.Equal("only this", (await client.ReceiveAsync().WithDeadline())?.GetText());
        Assert.Null(await client.ReceiveAsync().WithDeadline());
        Assert.Equal(WebSocketCloseCode.NormalClosure, (await client.Closed.WithDeadline()).Code);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_delegate_has_route_values_services_and_the_connection(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/rooms/{room}", static async (string room, int number, Greeter greeter, WebSocketConnection connection) =>
                await connection.SendAsync(greeter.Greet(room, number))),
            static builder => builder.Services.AddScoped<Greeter>(),
            protocol);

        Assert.Equal("hello kitchen 7", await app.FirstMessageAsync("/rooms/kitchen?number=7"));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Each_connection_has_its_own_handler_whose_scope_ends_after_OnClosed(HttpProtocolCase protocol)
    {
        var ends = new Ends();
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket<CountingHandler>("/count"),
            builder => builder.Services.AddSingleton(ends).AddScoped<ScopedService>(),
            protocol);
        await using WebSocketConnection first = await app.ConnectAsync("/count");
        await using WebSocketConnection second = await app.ConnectAsync("/count");

        await first.SendAsync("x");
        Assert.Equal("1", (await first.ReceiveAsync().WithDeadline())?.GetText());
        await first.SendAsync("x");
        Assert.Equal("2", (await first.ReceiveAsync().WithDeadline())?.GetText());
        await second.SendAsync("x");
        Assert.Equal("1", (await second.ReceiveAsync().WithDeadline())?.GetText());
        await first.CloseAsync();

        // The handler goes first, because it may use its services while it is disposed of.
        await ends.ScopeDisposed.Task.WithDeadline();
        Assert.Equal(["OnClosed", "handler disposed", "scope disposed"], ends.Events);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task What_the_request_had_is_valid_after_it_has_ended(HttpProtocolCase protocol)
    {
        var ended = new TaskCompletionSource<(string? Room, object? Value, string? Name, string? Endpoint)>();
        await using EndpointApp app = await EndpointApp.StartAsync(
            app =>
            {
                app.Use(static (HttpContext context, RequestDelegate next) =>
                {
                    context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "alice")], "test"));
                    return next(context);
                });
                app.MapWebSocket("/rooms/{room}", new ClosedHandler(connection => ended.SetResult((
                    connection.Request?.GetRouteValue("room"), connection.HttpOrigin?.RouteValues["room"],
                    connection.User?.Identity?.Name, connection.HttpOrigin?.Endpoint?.DisplayName))));
            },
            protocol: protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/rooms/kitchen");
        await client.CloseAsync();

        Assert.Equal(("kitchen", "kitchen", "alice", "WebSocket: /rooms/{room}"), await ended.Task.WithDeadline());
    }

    [Fact]
    public async Task A_handler_that_cannot_be_created_rejects_the_request()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app => app.MapWebSocket<CountingHandler>("/count"));

        Assert.Equal(500, (await app.RejectedAsync("/count")).StatusCode);
    }

    [Fact]
    public async Task A_registered_handler_is_used_and_left_to_its_container()
    {
        var handler = new CountingHandler(new ScopedService(new Ends()), new Ends());
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket<CountingHandler>("/count"), builder => builder.Services.AddSingleton(handler));
        await using (WebSocketConnection first = await app.ConnectAsync("/count"))
        {
            await first.SendAsync("x");
            Assert.Equal("1", (await first.ReceiveAsync().WithDeadline())?.GetText());
        }

        await using WebSocketConnection second = await app.ConnectAsync("/count");
        await second.SendAsync("x");
        Assert.Equal("2", (await second.ReceiveAsync().WithDeadline())?.GetText());
        Assert.False(handler.IsDisposed);
    }

    [Fact]
    public async Task Without_services_the_call_that_maps_says_so()
    {
        await using WebApplication app = WebApplication.CreateSlimBuilder().Build();

        InvalidOperationException exception =
            Assert.Throws<InvalidOperationException>(() => app.MapWebSocket("/", new EchoHandler()));

        Assert.Contains("AddSockeye", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task The_client_of_the_platform_connects(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/echo", new EchoHandler()), protocol: protocol);
        bool isHttp2 = protocol is HttpProtocolCase.Http2 or HttpProtocolCase.Http2Tls;
        using var handler = new SocketsHttpHandler { SslOptions = TestCertificate.ForClient() };
        using var invoker = new HttpMessageInvoker(handler);
        using var client = new ClientWebSocket();
        client.Options.HttpVersion = isHttp2 ? new Version(2, 0) : new Version(1, 1);
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await client.ConnectAsync(app.At("/echo"), invoker, default).WithDeadline();

        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
        var buffer = new byte[100];
        WebSocketReceiveResult received = await client.ReceiveAsync(buffer, default).WithDeadline();
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", default).WithDeadline();

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Fact]
    public async Task Messages_longer_than_a_request_body_may_be_are_received_over_HTTP_2()
    {
        // The limit of a request's body does not apply to a tunnel.
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/echo", new EchoHandler()),
            static builder => Microsoft.AspNetCore.Hosting.WebHostBuilderKestrelExtensions.ConfigureKestrel(
                builder.WebHost, static kestrel => kestrel.Limits.MaxRequestBodySize = 1000),
            HttpProtocolCase.Http2);
        await using WebSocketConnection client = await app.ConnectAsync("/echo");
        string text = new('x', 50_000);

        await client.SendAsync(text);

        Assert.Equal(text, (await client.ReceiveAsync().WithDeadline())?.GetText());
    }

    internal sealed class EchoHandler : WebSocketHandler
    {
        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);
    }

    internal sealed class ClosedHandler(Action<WebSocketConnection> onClosed) : WebSocketHandler
    {
        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => onClosed(connection);
    }

    internal sealed class Greeter
    {
        private readonly string _word = "hello";

        public string Greet(string room, int number) => $"{_word} {room} {number}";
    }

    internal sealed class Ends
    {
        public List<string> Events { get; } = [];

        public TaskCompletionSource ScopeDisposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal sealed class ScopedService(Ends ends) : IDisposable
    {
        public int Count { get; set; }

        public void Dispose()
        {
            ends.Events.Add("scope disposed");
            ends.ScopeDisposed.TrySetResult();
        }
    }

    internal sealed class CountingHandler(ScopedService service, Ends ends) : WebSocketHandler, IAsyncDisposable
    {
        public bool IsDisposed { get; private set; }

        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            await connection.SendAsync($"{++service.Count}");

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => ends.Events.Add("OnClosed");

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            ends.Events.Add("handler disposed");
            return default;
        }
    }
}
