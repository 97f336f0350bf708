using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sockeye.Tests;

/// <summary>Filters around the upgrade of an endpoint.</summary>
public sealed class EndpointFilterTests
{
    public static TheoryData<HttpProtocolCase> Protocols => [HttpProtocolCase.Http1, HttpProtocolCase.Http2];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Filters_run_in_order_around_the_upgrade_and_see_the_arguments(HttpProtocolCase protocol)
    {
        List<string> events = [];
        await using EndpointApp app = await EndpointApp.StartAsync(
            app => app.MapGroup("/a")
                .AddEndpointFilter(async (invocation, next) =>
                {
                    events.Add($"outer {invocation.Arguments.Count} {invocation.GetArgument<WebSocketConnection?>(0) is null}");
                    object? result = await next(invocation);
                    events.Add($"outer after {result?.GetType().Name}");
                    return result;
                })
                .MapWebSocket("/{room}", async (WebSocketConnection connection, string room) => await connection.SendAsync(room))
                .AddEndpointFilter(async (invocation, next) =>
                {
                    events.Add($"inner {invocation.GetArgument<string>(1)} {invocation.HttpContext.Response.HasStarted}");
                    invocation.Arguments[1] = "changed";
                    return await next(invocation);
                }),
            protocol: protocol);

        Assert.Equal("changed", await app.FirstMessageAsync("/a/kitchen"));
        await Deadlines.UntilAsync(() => events.Count == 3, "the last filter has returned");
        Assert.Equal(["outer 2 True", "inner kitchen False", "outer after EmptyHttpResult"], events);
    }

    [Fact]
    public async Task A_filter_factory_sees_the_method_and_may_leave_it_alone()
    {
        List<string> methods = [];
        await using EndpointApp app = await EndpointApp.StartAsync(app =>
        {
            app.MapWebSocket("/handler", new MapWebSocketTests.EchoHandler()).AddEndpointFilterFactory(Note);
            app.MapWebSocket("/delegate", static async (WebSocketConnection connection, string name) => await connection.SendAsync(name))
                .AddEndpointFilterFactory(Note);

            EndpointFilterDelegate Note(EndpointFilterFactoryContext context, EndpointFilterDelegate next)
            {
                methods.Add(string.Join(", ", context.MethodInfo.GetParameters().Select(static parameter => parameter.ParameterType.Name)));
                return next;
            }
        });

        Assert.Equal("x", await app.FirstMessageAsync("/delegate?name=x"));
        Assert.Equal(["WebSocketConnection", "WebSocketConnection, String"], methods.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/handler")]
    [InlineData("/delegate")]
    public async Task A_filter_rejects_a_request_by_any_result(string path)
    {
        var results = new Queue<object?>([
            Results.Problem(statusCode: 403, detail: "no entry"), "text", new Reason("json"), null]);
        await using EndpointApp app = await EndpointApp.StartAsync(app =>
        {
            app.MapWebSocket("/handler", new MapWebSocketTests.EchoHandler()).AddEndpointFilter(Reject);
            app.MapWebSocket("/delegate", static (WebSocketConnection _) => Task.CompletedTask).AddEndpointFilter(Reject);

            ValueTask<object?> Reject(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
            {
                invocation.HttpContext.Response.StatusCode = 402;
                return new(results.Dequeue());
            }
        });

        await AssertRejectedAsync(403, "no entry");
        await AssertRejectedAsync(402, "text");
        await AssertRejectedAsync(402, "{\"why\":\"json\"}");
        await AssertRejectedAsync(402, "");

        async Task AssertRejectedAsync(int status, string body)
        {
            WebSocketHandshakeException rejected = await app.RejectedAsync(path);
            Assert.Equal(status, rejected.StatusCode);
            Assert.Contains(body, Encoding.UTF8.GetString(rejected.Body.Span), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/handler")]
    [InlineData("/delegate")]
    public async Task An_exception_of_a_filter_is_that_of_the_pipeline(string path)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(static app =>
        {
            app.Use(static async (HttpContext context, RequestDelegate next) =>
            {
                try
                {
                    await next(context);
                }
                catch (BadHttpRequestException exception)
                {
                    context.Response.StatusCode = exception.StatusCode;
                }
            });
            app.MapWebSocket("/handler", new MapWebSocketTests.EchoHandler()).AddEndpointFilter(Throw);
            app.MapWebSocket("/delegate", static (WebSocketConnection _) => Task.CompletedTask).AddEndpointFilter(Throw);

            static ValueTask<object?> Throw(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
                throw new BadHttpRequestException("thrown", 409);
        });

        Assert.Equal(409, (await app.RejectedAsync(path)).StatusCode);
    }

    internal sealed record Reason(string Why);
}
