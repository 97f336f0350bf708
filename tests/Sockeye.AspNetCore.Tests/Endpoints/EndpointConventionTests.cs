using System.Net;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sockeye.AspNetCore;

namespace Sockeye.Tests;

/// <summary>The conventions of ASP.NET Core's endpoints, applied to WebSocket endpoints.</summary>
public sealed class EndpointConventionTests
{
    public static TheoryData<HttpProtocolCase> Protocols => [HttpProtocolCase.Http1, HttpProtocolCase.Http2];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Authorization_rejects_and_lets_in(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapWebSocket("/convention", ServeAsync).RequireAuthorization();
                app.MapWebSocket("/attribute", [Authorize] (WebSocketConnection connection, ClaimsPrincipal _) => ServeAsync(connection, default));
                app.MapWebSocket<GuardedHandler>("/handler");
                app.MapGroup("/group").RequireAuthorization().MapWebSocket("/", ServeAsync);
            },
            static builder =>
            {
                builder.Services.AddAuthorization();
                builder.Services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, ByHeader>("test", null);
            },
            protocol);

        foreach (string path in (string[])["/convention", "/attribute", "/handler", "/group"])
        {
            Assert.Equal(401, (await app.RejectedAsync(path)).StatusCode);
            Assert.Equal("alice", await app.FirstMessageAsync(
                path, static options => options with { RequestHeaders = [new("X-User", "alice")] }));
        }

        static async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation) =>
            await connection.SendAsync(connection.User!.Identity!.Name!, cancellation);
    }

    [Fact]
    public async Task Authentication_by_cookies_rejects_instead_of_redirecting()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()).RequireAuthorization();
            },
            static builder =>
            {
                builder.Services.AddAuthorization();
                builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
                builder.Services.AddAuthentication("cookies").AddCookie("cookies");
            });

        Assert.Equal(401, (await app.RejectedAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Upgrades_are_limited_by_rate()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.UseRateLimiter();
                app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()).RequireRateLimiting("one");
            },
            static builder => builder.Services.AddRateLimiter(static limiter =>
            {
                limiter.RejectionStatusCode = 429;
                limiter.AddPolicy("one", static _ => RateLimitPartition.GetFixedWindowLimiter("all", static _ => new()
                {
                    PermitLimit = 1,
                    Window = TimeSpan.FromHours(1),
                }));
            }));
        await using WebSocketConnection first = await app.ConnectAsync("/");

        Assert.Equal(429, (await app.RejectedAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Hosts_names_and_metadata_apply()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            app.MapWebSocket("/rooms/{room}", new MapWebSocketTests.EchoHandler()).WithName("room").WithMetadata("note");
            app.MapWebSocket("/elsewhere", new MapWebSocketTests.EchoHandler()).RequireHost("elsewhere.example");
        });

        Assert.Equal(404, (await app.RejectedAsync("/elsewhere")).StatusCode);
        Assert.Equal("/rooms/x", app.Services.GetRequiredService<LinkGenerator>().GetPathByName("room", new { room = "x" }));
        Endpoint endpoint = app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Single(static endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName == "room");
        Assert.Equal("note", endpoint.Metadata.GetMetadata<string>());
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_plain_request_is_rejected_unless_the_options_respond_to_it(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapWebSocket("/none", new MapWebSocketTests.EchoHandler());
                app.MapWebSocket("/delegate", static (WebSocketConnection _, string? x) => Task.CompletedTask);
                app.MapWebSocket("/page", new MapWebSocketTests.EchoHandler(), new()
                {
                    OnPlainRequest = static (_, _) => new(new WebSocketPlainResponse { Body = "a page" }),
                });
            },
            protocol: protocol);

        using HttpResponseMessage none = await app.GetAsync("/none");
        Assert.Equal(HttpStatusCode.UpgradeRequired, none.StatusCode);
        using HttpResponseMessage bound = await app.GetAsync("/delegate");
        Assert.Equal(HttpStatusCode.UpgradeRequired, bound.StatusCode);
        using HttpResponseMessage page = await app.GetAsync("/page");
        Assert.Equal("a page", await page.Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_page_may_have_the_same_pattern(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapGet("/rooms/{room}", static (string room) => $"page of {room}");
                app.MapWebSocket("/rooms/{room}", static async (WebSocketConnection connection, string room) => await connection.SendAsync(room));
                app.MapWebSocket("/any", new MapWebSocketTests.EchoHandler());
                app.Map("/any", static () => "any method");
                app.MapGet("/rooms/list", static () => "list");
                app.MapFallback(static () => "fallback");
            },
            protocol: protocol);

        Assert.Equal("kitchen", await app.FirstMessageAsync("/rooms/kitchen"));
        Assert.Equal("page of kitchen", await TextOfAsync("/rooms/kitchen"));
        Assert.Equal("any method", await TextOfAsync("/any"));
        Assert.Equal("list", await TextOfAsync("/rooms/list"));
        await using WebSocketConnection client = await app.ConnectAsync("/any");

        async Task<string> TextOfAsync(string path)
        {
            using HttpResponseMessage response = await app.GetAsync(path);
            return await response.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task A_more_specific_endpoint_keeps_its_handshakes()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            // As a SignalR hub beside a pattern that matches everything.
            app.MapGet("/hub", static async (HttpContext context) =>
            {
                if (await context.AcceptSockeyeAsync() is { } connection)
                {
                    await connection.SendAsync("the hub");
                }
            });
            app.MapWebSocket("/{**path}", static async (WebSocketConnection connection, string path) => await connection.SendAsync(path));
        });

        Assert.Equal("the hub", await app.FirstMessageAsync("/hub"));
        Assert.Equal("other", await app.FirstMessageAsync("/other"));
    }

    [Fact]
    public async Task Descriptions_of_the_API_are_made_without_the_endpoint()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapOpenApi();
                app.MapGet("/page", static () => "page");
                app.MapWebSocket("/chat/{room}", static (WebSocketConnection _, string room) => Task.CompletedTask);
                app.MapWebSocket("/echo", new MapWebSocketTests.EchoHandler());
            },
            static builder => builder.Services.AddOpenApi());

        using HttpResponseMessage response = await app.GetAsync("/openapi/v1.json");
        string document = await response.Content.ReadAsStringAsync();

        Assert.Contains("/page", document, StringComparison.Ordinal);
        Assert.DoesNotContain("/chat", document, StringComparison.Ordinal);
        Assert.DoesNotContain("/echo", document, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_timeout_of_requests_does_not_end_a_connection(HttpProtocolCase protocol)
    {
        TimeSpan timeout = TimeSpan.FromMilliseconds(50);
        await using EndpointApp app = await EndpointApp.StartAsync(
            app =>
            {
                app.UseRequestTimeouts();
                app.MapGet("/", static (HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
                app.MapWebSocket("/aborted", static async (WebSocketConnection connection, HttpContext context) =>
                {
                    await connection.ReceiveAsync();
                    await connection.SendAsync($"aborted: {context.RequestAborted.IsCancellationRequested}");
                });
            },
            builder => builder.Services.AddRequestTimeouts(options => options.DefaultPolicy = new() { Timeout = timeout }),
            protocol);
        await using WebSocketConnection client = await app.ConnectAsync("/aborted");

        // Started later, this one takes the whole timeout.
        using HttpResponseMessage response = await app.GetAsync("/");
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);

        await client.SendAsync("now");
        Assert.Equal("aborted: False", (await client.ReceiveAsync().WithDeadline())?.GetText());
    }

    [Fact]
    public async Task Conventions_that_are_added_too_late_are_reported()
    {
        IEndpointConventionBuilder? builder = null;
        await using EndpointApp app = await EndpointApp.StartAsync(
            app => builder = app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()));
        await using WebSocketConnection client = await app.ConnectAsync("/");

        Assert.Throws<InvalidOperationException>(() => builder!.RequireAuthorization());
    }

    [Authorize]
    internal sealed class GuardedHandler : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => connection.TrySend(connection.User!.Identity!.Name!);
    }

    internal sealed class ByHeader(
        IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, System.Text.Encodings.Web.UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
            Task.FromResult(Request.Headers["X-User"] is [{ } name]
                ? AuthenticateResult.Success(new AuthenticationTicket(
                    new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "test")), "test"))
                : AuthenticateResult.NoResult());
    }
}
