using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>Which pages may connect to an endpoint (RFC 6455 §10.2).</summary>
public sealed class OriginRuleTests
{
    private const string A = "https://a.example";
    private const string B = "https://b.example";
    private const string C = "https://c.example";

    public static TheoryData<HttpProtocolCase> Protocols => [HttpProtocolCase.Http1, HttpProtocolCase.Http2];

    [Fact]
    public async Task A_rule_for_an_endpoint_that_would_ignore_it_is_an_error()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            IEndpointConventionBuilder other = app.MapGet("/other", static () => "no WebSocket");

            Assert.Throws<ArgumentException>(() => other.AllowOrigins("https://a.example"));
            Assert.Throws<ArgumentException>(() => other.DangerousAllowAnyOrigin());
        });
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Only_pages_of_the_same_origin_connect_by_default(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()), protocol: protocol);

        await AssertAsync(app, "/", app.Address.GetLeftPart(UriPartial.Authority), isAllowed: true);
        await AssertAsync(app, "/", A, isAllowed: false);
    }

    [Fact]
    public async Task The_own_origin_is_the_one_that_a_proxy_has_forwarded()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            app.UseForwardedHeaders(new() { ForwardedHeaders = ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost });
            app.MapWebSocket("/", new MapWebSocketTests.EchoHandler());
        });

        await using WebSocketConnection client = await app.ConnectAsync("/", static options => options with
        {
            Origin = A,
            RequestHeaders = [new("X-Forwarded-Proto", "https"), new("X-Forwarded-Host", "a.example")],
        });
        await AssertAsync(app, "/", A, isAllowed: false);
    }

    [Fact]
    public async Task The_nearest_rule_applies()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            app.MapWebSocket("/two", new MapWebSocketTests.EchoHandler()).AllowOrigins(A).AllowOrigins(B);
            app.MapWebSocket("/any", new MapWebSocketTests.EchoHandler()).DangerousAllowAnyOrigin();
            var group = app.MapGroup("/group").AllowOrigins(A);
            group.MapWebSocket("/plain", new MapWebSocketTests.EchoHandler());
            group.MapWebSocket("/own", new MapWebSocketTests.EchoHandler()).AllowOrigins(B);
            group.MapWebSocket("/options", new MapWebSocketTests.EchoHandler(), new() { AllowedOrigins = [C] });
            group.MapGroup("/inner").DangerousAllowAnyOrigin().MapWebSocket("/", new MapWebSocketTests.EchoHandler());
            app.MapGroup("/any-group").DangerousAllowAnyOrigin().MapWebSocket("/", new MapWebSocketTests.EchoHandler()).AllowOrigins(A);
        });

        await AssertAllowedAsync(app, "/two", A, B);
        await AssertAllowedAsync(app, "/any", A, B, C);
        await AssertAllowedAsync(app, "/group/plain", A);
        await AssertAllowedAsync(app, "/group/own", B);
        await AssertAllowedAsync(app, "/group/options", C);
        await AssertAllowedAsync(app, "/group/inner", A, B, C);
        await AssertAllowedAsync(app, "/any-group", A);
    }

    [Fact]
    public async Task A_rule_replaces_that_of_the_application()
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapWebSocket("/none", new MapWebSocketTests.EchoHandler());
                app.MapWebSocket("/list", new MapWebSocketTests.EchoHandler()).AllowOrigins(B);
            },
            options: new() { AllowedOrigins = [A] });

        await AssertAllowedAsync(app, "/none", A);
        await AssertAllowedAsync(app, "/list", B);
    }

    [Fact]
    public async Task Contradictions_are_reported()
    {
        Assert.Contains("AllowAnyOrigin", await FailureAsync(static app =>
            app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()).AllowOrigins(A).DangerousAllowAnyOrigin()), StringComparison.Ordinal);
        Assert.Contains("conventions", await FailureAsync(static app =>
            app.MapWebSocket("/", new MapWebSocketTests.EchoHandler(), new() { AllowedOrigins = [A] }).AllowOrigins(B)), StringComparison.Ordinal);
        Assert.Contains("AllowAnyOrigin", await FailureAsync(static app =>
            app.MapGroup("/a").AllowOrigins(A).DangerousAllowAnyOrigin().MapWebSocket("/", new MapWebSocketTests.EchoHandler())),
            StringComparison.Ordinal);

        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            Assert.Throws<ArgumentException>(() => app.MapWebSocket("/", new MapWebSocketTests.EchoHandler()).AllowOrigins("a.example/path"));
            Assert.ThrowsAny<ArgumentException>(() => app.MapWebSocket("/", new MapWebSocketTests.EchoHandler(), new()
            {
                AllowedOrigins = [A],
                DangerousAllowAnyOrigin = true,
            }));
        });

        static async Task<string> FailureAsync(Action<WebApplication> map)
        {
            await using EndpointApp app = await EndpointApp.StartAsync(map);
            Assert.Equal(500, (await app.RejectedAsync("/")).StatusCode);
            return Assert.Single(app.Log.Entries, static entry => entry.Exception is InvalidOperationException).Exception!.Message;
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_CORS_policy_applies_if_it_allows_credentials(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.UseCors();
                app.MapWebSocket("/cors", new MapWebSocketTests.EchoHandler()).RequireCors("credentials");
                app.MapWebSocket("/inline", new MapWebSocketTests.EchoHandler())
                    .RequireCors(static policy => policy.WithOrigins(B).AllowCredentials());
                app.MapWebSocket("/anonymous", new MapWebSocketTests.EchoHandler()).RequireCors("anonymous");
                app.MapWebSocket("/any", new MapWebSocketTests.EchoHandler()).RequireCors("any");
                app.MapWebSocket("/own", new MapWebSocketTests.EchoHandler()).RequireCors("credentials").AllowOrigins(C);
                app.MapGroup("/disabled").RequireCors("credentials").MapWebSocket("/", [DisableCors] async (WebSocketConnection connection) =>
                    await connection.Closed);
            },
            static builder => builder.Services.AddCors(static cors =>
            {
                cors.AddPolicy("credentials", static policy => policy.WithOrigins(A).AllowCredentials());
                cors.AddPolicy("anonymous", static policy => policy.WithOrigins(A));
                cors.AddPolicy("any", static policy => policy.AllowAnyOrigin());
            }),
            protocol,
            new() { AllowedOrigins = [C] });

        await AssertAllowedAsync(app, "/cors", A);
        await AssertAllowedAsync(app, "/inline", B);
        await AssertAllowedAsync(app, "/anonymous");
        await AssertAllowedAsync(app, "/any");
        await AssertAllowedAsync(app, "/own", C);
        await AssertAllowedAsync(app, "/disabled", C);
        await AssertAsync(app, "/anonymous", app.Address.GetLeftPart(UriPartial.Authority), isAllowed: true);
        Assert.Equal(2, app.Log.Entries.Count(static entry => entry.Id.Id == 153));
    }

    private static async Task AssertAllowedAsync(EndpointApp app, string path, params string[] allowed)
    {
        foreach (string origin in (string[])[A, B, C])
        {
            await AssertAsync(app, path, origin, allowed.Contains(origin));
        }
    }

    private static async Task AssertAsync(EndpointApp app, string path, string origin, bool isAllowed)
    {
        if (isAllowed)
        {
            await using WebSocketConnection client = await app.ConnectFromAsync(origin, path);
        }
        else
        {
            WebSocketHandshakeException rejected = await app.RejectedAsync(path, options => options with { Origin = origin });
            Assert.Equal(403, rejected.StatusCode);
        }
    }
}
