using System.Globalization;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>How the parameters of a method are bound, all before the handshake is accepted.</summary>
public sealed class DelegateBindingTests
{
    public enum Color
    {
        Red,
        Blue,
    }

    [Theory]
    [InlineData("/a/7/Blue/2024-02-29", "7 Blue 29 -")]
    [InlineData("/a/7/1/2024-02-29?word=w", "7 Blue 29 w")]
    public async Task Route_values_are_parsed(string path, string expected)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app => app.MapWebSocket(
            "/a/{number}/{color}/{date}",
            static (WebSocketConnection connection, int number, Color color, DateOnly date, string? word) =>
                connection.SendAsync(string.Create(CultureInfo.InvariantCulture, $"{number} {color} {date.Day} {word ?? "-"}"))));

        Assert.Equal(expected, await app.FirstMessageAsync(path));
    }

    [Theory]
    [InlineData("/q", "- 10")]
    [InlineData("/q?id=5&page=3", "5 3")]
    public async Task Parameters_may_be_absent_if_they_are_nullable_or_have_a_default(string path, string expected)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app => app.MapWebSocket(
            "/q",
            static (WebSocketConnection connection, [FromQuery(Name = "id")] int? number, int page = 10) =>
                connection.SendAsync($"{number?.ToString(CultureInfo.InvariantCulture) ?? "-"} {page}")));

        Assert.Equal(expected, await app.FirstMessageAsync(path));
    }

    [Fact]
    public async Task Attributes_say_where_a_value_is_from()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket(
                "/{id}",
                static ([FromRoute(Name = "id")] string route, [FromQuery] string[] id, [FromHeader(Name = "X-Tenant")] string tenant,
                    [FromServices] Clock plain, [FromKeyedServices("fast")] Clock keyed, WebSocketConnection connection) =>
                    connection.SendAsync($"{route} {string.Join('+', id)} {tenant} {plain.Name} {keyed.Name}")),
            static builder => builder.Services.AddSingleton(new Clock("plain")).AddKeyedSingleton("fast", new Clock("keyed")));

        Assert.Equal("r 1+2 t plain keyed", await app.FirstMessageAsync(
            "/r?id=1&id=2", static options => options with { RequestHeaders = [new("X-Tenant", "t")] }));
    }

    [Fact]
    public async Task The_user_the_token_and_types_that_parse_themselves_are_bound()
    {
        var token = new TaskCompletionSource<CancellationToken>();
        await using EndpointApp app = await EndpointApp.StartAsync(app =>
        {
            app.Use(static (HttpContext context, RequestDelegate next) =>
            {
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "alice")], "test"));
                return next(context);
            });
            app.MapWebSocket("/{point}", async (Point point, ClaimsPrincipal user, CancellationToken cancellation, WebSocketConnection connection) =>
            {
                await connection.SendAsync($"{user.Identity?.Name} {point.X}");
                token.SetResult(cancellation);
                await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
            });
        });
        await using WebSocketConnection client = await app.ConnectAsync("/3,4");
        Assert.Equal("alice 3", (await client.ReceiveAsync().WithDeadline())?.GetText());
        CancellationToken cancellation = await token.Task.WithDeadline();
        Assert.False(cancellation.IsCancellationRequested);

        // It is that of the connection, and not the request's.
        var canceled = new TaskCompletionSource();
        cancellation.Register(canceled.SetResult);
        client.Abort();
        await canceled.Task.WithDeadline();
    }

    [Fact]
    public async Task Parameters_may_be_the_properties_of_one()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app => app.MapWebSocket(
            "/{room}",
            static (WebSocketConnection connection, [AsParameters] Query query) => connection.SendAsync($"{query.Room} {query.Page}")));

        Assert.Equal("kitchen 2", await app.FirstMessageAsync("/kitchen?page=2"));
    }

    [Fact]
    public async Task Parameters_of_a_group_are_route_values()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app => app.MapGroup("/{tenant}").MapGroup("/rooms").MapWebSocket(
            "/{room}",
            static (WebSocketConnection connection, [FromRoute] string tenant, string room) => connection.SendAsync($"{tenant} {room}")));

        // A query cannot replace what the route has.
        Assert.Equal("acme kitchen", await app.FirstMessageAsync("/acme/rooms/kitchen?room=other&tenant=other"));
    }

    [Theory]
    [InlineData("/number/seven", "int id")]
    [InlineData("/number/7?page=x%0Ay", "int page")]
    [InlineData("/number/99999999999999", "int id")]
    public async Task A_value_that_does_not_parse_is_rejected_with_its_name(string path, string expected)
    {
        int calls = 0;
        await using EndpointApp app = await EndpointApp.StartAsync(app => app.MapWebSocket(
            "/number/{id}",
            (WebSocketConnection _, int id, int page = 1) =>
            {
                calls += id + page;
                return Task.CompletedTask;
            }));

        WebSocketHandshakeException rejected = await app.RejectedAsync(path);

        string body = Encoding.UTF8.GetString(rejected.Body.Span);
        Assert.Equal(400, rejected.StatusCode);
        Assert.Contains(expected, body, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', body);
        RecordedLog.Entry entry = Assert.Single(app.Log.Entries, entry => entry.Id.Id == 151);
        Assert.Equal(LogLevel.Information, entry.Level);
        Assert.Contains(expected, entry.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', entry.Text);
        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task A_value_that_is_missing_is_rejected()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/", static (WebSocketConnection _, [FromQuery] string token) => Task.CompletedTask));

        WebSocketHandshakeException rejected = await app.RejectedAsync("/");

        Assert.Equal(400, rejected.StatusCode);
        Assert.Contains("token", Encoding.UTF8.GetString(rejected.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Methods_that_cannot_serve_connections_are_reported_where_they_are_mapped()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSockeye();
        await using WebApplication app = builder.Build();

        AssertInvalid("void", static (WebSocketConnection _, int page) => { });
        AssertInvalid("Int32", static (WebSocketConnection _) => 1);
        AssertInvalid("result", static (WebSocketConnection _) => Task.FromResult(Results.NotFound()));
        AssertInvalid("0 parameters", static (string room) => Task.CompletedTask);
        AssertInvalid("2 parameters", static (WebSocketConnection _, WebSocketConnection __) => Task.CompletedTask);
        AssertInvalid("body", static (WebSocketConnection _, [FromBody] Clock clock) => Task.CompletedTask);
        AssertInvalid("body", static (WebSocketConnection _, IFormFile file) => Task.CompletedTask);
        AssertInvalid("body", static (WebSocketConnection _, HttpResponse response) => Task.CompletedTask);
        AssertInvalid("clock", static (WebSocketConnection _, Clock clock) => Task.CompletedTask);
        AssertInvalid("clock", static (WebSocketConnection _, [FromServices] Clock clock) => Task.CompletedTask);
        AssertInvalid("clock", static (WebSocketConnection _, [FromKeyedServices("k")] Clock clock) => Task.CompletedTask);
        AssertInvalid("inside", static (WebSocketConnection _, [AsParameters] WithConnection all) => Task.CompletedTask);

        void AssertInvalid(string expected, Delegate handler)
        {
            InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => app.MapWebSocket("/pattern", handler));
            Assert.Contains("'/pattern'", exception.Message, StringComparison.Ordinal);
            Assert.Contains(expected, exception.Message, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task An_exception_of_the_method_closes_with_1011_and_is_logged_once()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/{room}", static (WebSocketConnection connection, string room) =>
                room == "now" ? throw new FormatException("thrown") : LaterAsync()));

        foreach (string path in (string[])["/now", "/later"])
        {
            await using WebSocketConnection client = await app.ConnectAsync(path);
            Assert.Equal(WebSocketCloseCode.InternalError, (await client.Closed.WithDeadline()).Code);
        }

        Assert.Equal(2, app.Log.Entries.Count(entry => entry.Exception is not null));
        Assert.All(
            app.Log.Entries.Where(entry => entry.Exception is not null), entry => Assert.IsType<FormatException>(entry.Exception));

        static async Task LaterAsync()
        {
            await Task.Yield();
            throw new FormatException("thrown");
        }
    }

    [Fact]
    public async Task A_method_that_returns_no_task_closes_with_1011()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/{room}", static Task (WebSocketConnection _, string room) => null!));
        await using WebSocketConnection client = await app.ConnectAsync("/x");

        Assert.Equal(WebSocketCloseCode.InternalError, (await client.Closed.WithDeadline()).Code);
    }

    [Fact]
    public async Task Lambdas_of_both_styles_and_method_groups_are_mapped()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            app.MapWebSocket("/untyped", async (connection, cancellation) => await connection.SendAsync("untyped", cancellation));
            app.MapWebSocket("/typed", async (WebSocketConnection connection, CancellationToken cancellation) =>
                await connection.SendAsync("typed", cancellation));
            app.MapWebSocket("/only", async (WebSocketConnection connection) => await connection.SendAsync("only"));
            app.MapWebSocket("/value", (WebSocketConnection connection, CancellationToken cancellation) =>
                connection.SendAsync("value", cancellation));
            app.MapWebSocket("/result", async (WebSocketConnection connection) =>
            {
                await connection.SendAsync("result");
                return 1;
            });
            app.MapWebSocket("/value-result", (WebSocketConnection connection, string? _) => SendAsync(connection));
            app.MapWebSocket("/group", ServeAsync);
            app.MapWebSocket("/local", LocalAsync);

            static async Task LocalAsync(HttpRequest request, WebSocketConnection connection) =>
                await connection.SendAsync(request.Path.Value!);
        });

        foreach (string name in (string[])["untyped", "typed", "only", "value", "result", "value-result", "group"])
        {
            Assert.Equal(name, await app.FirstMessageAsync("/" + name));
        }

        Assert.Equal("/local", await app.FirstMessageAsync("/local"));
    }

    private static async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellationToken) =>
        await connection.SendAsync("group", cancellationToken);

    private static async ValueTask<int> SendAsync(WebSocketConnection connection)
    {
        await connection.SendAsync("value-result");
        return 1;
    }

    internal sealed record Clock(string Name);

    internal sealed record Point(int X, int Y)
    {
        public static bool TryParse(string? value, IFormatProvider? provider, out Point? point)
        {
            string[] parts = (value ?? "").Split(',');
            point = parts.Length == 2 && int.TryParse(parts[0], provider, out int x) && int.TryParse(parts[1], provider, out int y)
                ? new Point(x, y)
                : null;
            return point is not null;
        }
    }

    internal sealed record WithConnection(WebSocketConnection Connection);

    internal readonly record struct Query(string Room, int Page);
}
