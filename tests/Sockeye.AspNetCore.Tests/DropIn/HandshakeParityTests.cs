using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>Opening handshakes on ASP.NET Core's own WebSockets and on the drop-in, by the same tests.</summary>
public sealed class HandshakeParityTests
{
    public static TheoryData<Stack, string, string, bool> Requests() => ForBoth<string, string, bool>(
        ("GET", "", true),
        ("GET", "Connection: keep-alive, upgrade", true),
        ("GET", "Upgrade: WebSocket", true),
        ("GET", "Upgrade: foo, websocket", true),
        ("GET", "Sec-WebSocket-Version: 8, 13", true),
        ("GET", "Sec-WebSocket-Version: 8", false),
        ("GET", "Sec-WebSocket-Version:", false),
        ("GET", "Upgrade: h2c", false),
        ("GET", "Connection: close", false),
        ("GET", "Sec-WebSocket-Key:", false),
        ("GET", "Sec-WebSocket-Key: dGhpcyBpcyAxNyBieXRlcy4=", false),
        ("GET", "Sec-WebSocket-Key: dGhpcyBpcyAxNWJ5dGVz", false),
        ("GET", "Sec-WebSocket-Key: 24 length not base64 str", false),
        ("POST", "", false));

    public static TheoryData<Stack, string, string?> Offers() => ForBoth<string, string?>(
        ("permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"),
        ("permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9"),
        ("permessage-deflate; client_max_window_bits=\"9\"", "permessage-deflate; client_max_window_bits=9"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"),
        ("permessage-deflate;server_max_window_bits=10;server_no_context_takeover;client_no_context_takeover;client_max_window_bits=12",
            "permessage-deflate; client_no_context_takeover; client_max_window_bits=12; server_no_context_takeover; server_max_window_bits=10"),
        ("permessage-deflate; client_max_window_bits=12; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits=12; client_no_context_takeover"),
        ("permessage-deflate; client_max_window_bits=8, permessage-deflate; client_max_window_bits=13",
            "permessage-deflate; client_max_window_bits=13"),
        ("x-webkit-deflate-frame, permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=8", null),
        ("permessage-deflate; client_max_window_bits=8", null),
        ("permessage-deflate; server_max_window_bits=16", null),
        ("permessage-deflate; client_max_window_bits=16", null),
        ("permessage-deflate; client_max_window_bits=\"15", null),
        ("permessage-deflate; client_max_window_bits=14\"", null),
        ("permessage-deflate; client_max_window_bits=", null),
        ("permessage-deflate; client_max_window_bits=\"\"", null),
        ("permessage-deflate; client_max_window_bits=14; client_max_window_bits=14", null),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", null),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", null),
        ("bbf-usp-protocol", null));

    public static TheoryData<Stack, string, string> LimitedOffers() => ForBoth<string, string>(
        ("permessage-deflate", "permessage-deflate; server_no_context_takeover; server_max_window_bits=14"),
        ("permessage-deflate; client_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=9; server_no_context_takeover; server_max_window_bits=14"),
        ("permessage-deflate; server_max_window_bits", "permessage-deflate; server_no_context_takeover; server_max_window_bits=14"),
        ("permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_no_context_takeover; server_max_window_bits=14"),
        ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_no_context_takeover; server_max_window_bits=10"));

    public static TheoryData<Stack, string, string?, int> Origins() => ForBoth<string, string?, int>(
        ("", "http://example.com", 101),
        ("http://e.com", "http://example.com", 403),
        ("http://e.com", null, 101),
        ("http://e.com http://example.com", "http://example.com", 101),
        ("http://ExAmPLE.cOm", "http://example.com", 101),
        ("*", "http://example.com", 101),
        ("http://e.com *", "http://example.com", 101),
        ("http://example.com", "http://example.com:81", 403));

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_is_a_WebSocket_request_by_the_same_rules(Stack stack, string method, string header, bool expected)
    {
        await using TestApp app = await DropInApp.StartAsync(
            stack, static context => context.Response.WriteAsync(context.WebSockets.IsWebSocketRequest ? "yes" : "no"));
        string name = header.Split(':')[0];
        IEnumerable<string> headers = DropInApp.Opening.Where(one => !one.StartsWith(name + ":", StringComparison.Ordinal));

        await using var stream = await DropInApp.SendAsync(app, method, [.. headers, .. header == "" ? DropInApp.Opening[..0] : [header], "Content-Length: 0"]);
        string[] head = await DropInApp.ReadHeadAsync(stream);
        byte[] body = new byte[16];
        int length = await stream.ReadAsync(body, Patience.Token());

        Assert.StartsWith("HTTP/1.1 200 ", head[0], StringComparison.Ordinal);
        Assert.Contains(expected ? "yes" : "no", System.Text.Encoding.ASCII.GetString(body, 0, length), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task The_response_has_what_the_handshake_needs_and_what_the_application_has_set(Stack stack)
    {
        await using TestApp app = await DropInApp.StartAsync(stack, static async context =>
        {
            context.Response.Headers["X-Own"] = "kept";
            context.Response.Headers.SecWebSocketAccept = "wrong";
            context.Response.Headers.Upgrade = "wrong";
            await context.WebSockets.AcceptWebSocketAsync("Bravo");
        });

        string[] head = await DropInApp.AskAsync(
            app, "GET", [.. DropInApp.Opening, "Sec-WebSocket-Protocol: alpha, bravo", "Sec-WebSocket-Extensions: permessage-deflate"]);

        Assert.Equal("HTTP/1.1 101 Switching Protocols", head[0]);
        Assert.Equal("Upgrade", DropInApp.HeaderOf(head, "Connection"));
        Assert.Equal("websocket", DropInApp.HeaderOf(head, "Upgrade"));
        Assert.Equal(DropInApp.Accept, DropInApp.HeaderOf(head, "Sec-WebSocket-Accept"));
        Assert.Equal("Bravo", DropInApp.HeaderOf(head, "Sec-WebSocket-Protocol"));
        Assert.Equal("kept", DropInApp.HeaderOf(head, "X-Own"));
        Assert.Null(DropInApp.HeaderOf(head, "Sec-WebSocket-Extensions"));
        Assert.Null(DropInApp.HeaderOf(head, "Content-Length"));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task The_socket_has_the_subprotocol_that_the_application_chose(Stack stack)
    {
        TaskCompletionSource<(string? Sub, WebSocketState State, int Status, bool Started)> seen = new();
        await using TestApp app = await DropInApp.StartAsync(stack, async context =>
        {
            Assert.Equal(["alpha", "bravo"], context.WebSockets.WebSocketRequestedProtocols);
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("Bravo");
            seen.SetResult((socket.SubProtocol, socket.State, context.Response.StatusCode, context.Response.HasStarted));
        });

        using ClientWebSocket client = await DropInApp.ConnectAsync(app, static options =>
        {
            options.AddSubProtocol("alpha");
            options.AddSubProtocol("bravo");
        });

        Assert.Equal("bravo", client.SubProtocol, ignoreCase: true);
        Assert.Equal(("Bravo", WebSocketState.Open, 101, true), await seen.Task.WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Offers))]
    public async Task Offers_of_compression_get_the_same_response(Stack stack, string offer, string? expected)
    {
        string[] head = await OfferAsync(stack, offer, new WebSocketAcceptContext { DangerousEnableCompression = true });

        Assert.Equal(expected, DropInApp.HeaderOf(head, "Sec-WebSocket-Extensions"));
    }

    [Theory]
    [MemberData(nameof(LimitedOffers))]
    public async Task Offers_of_compression_are_limited_as_the_application_wants(Stack stack, string offer, string expected)
    {
        string[] head = await OfferAsync(stack, offer, new WebSocketAcceptContext
        {
            DangerousEnableCompression = true,
            DisableServerContextTakeover = true,
            ServerMaxWindowBits = 14,
        });

        Assert.Equal(expected, DropInApp.HeaderOf(head, "Sec-WebSocket-Extensions"));
    }

    [Fact]
    public async Task An_offer_with_an_unknown_parameter_is_declined_against_ASPNET_Core()
    {
        const string offer = "permessage-deflate; unknown";
        var accept = new WebSocketAcceptContext { DangerousEnableCompression = true };

        // RFC 7692 §7.1: "contains an extension parameter not defined": MUST decline.
        Assert.Null(DropInApp.HeaderOf(await OfferAsync(Stack.Sockeye, offer, accept), "Sec-WebSocket-Extensions"));
        Assert.Equal("permessage-deflate", DropInApp.HeaderOf(await OfferAsync(Stack.Stock, offer, accept), "Sec-WebSocket-Extensions"));
    }

    [Theory]
    [MemberData(nameof(Origins))]
    public async Task Origins_are_checked_if_some_are_listed(Stack stack, string allowed, string? origin, int expected)
    {
        var options = new WebSocketOptions();
        foreach (string one in allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            options.AllowedOrigins.Add(one);
        }

        await using TestApp app = await DropInApp.StartAsync(
            stack, static async context => await context.WebSockets.AcceptWebSocketAsync(), options);

        string[] head = await DropInApp.AskAsync(app, "GET", [.. DropInApp.Opening, .. origin is null ? DropInApp.Opening[..0] : [$"Origin: {origin}"]]);

        Assert.StartsWith($"HTTP/1.1 {expected} ", head[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Origins_of_other_requests_are_not_checked(Stack stack)
    {
        var options = new WebSocketOptions();
        options.AllowedOrigins.Add("http://example.com");
        await using TestApp app = await DropInApp.StartAsync(stack, static _ => Task.CompletedTask, options);

        Assert.StartsWith("HTTP/1.1 200 ", (await DropInApp.AskAsync(app, "GET", "Origin: http://other.com"))[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task The_options_of_the_services_are_used_if_none_are_given(Stack stack)
    {
        await using TestApp app = await DropInApp.StartAsync(
            stack, static async context => await context.WebSockets.AcceptWebSocketAsync(), options: null,
            static builder => builder.Services.AddWebSockets(static options => options.AllowedOrigins.Add("http://example.com")));

        string[] head = await DropInApp.AskAsync(app, "GET", [.. DropInApp.Opening, "Origin: http://other.com"]);

        Assert.StartsWith("HTTP/1.1 403 ", head[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Accepting_what_is_no_WebSocket_request_throws(Stack stack)
    {
        await using TestApp app = await DropInApp.StartAsync(stack, static async context =>
        {
            var exception = await Assert.ThrowsAsync<InvalidOperationException>(async () => await context.WebSockets.AcceptWebSocketAsync());
            context.Response.Headers["X-Exception"] = exception.Message;
        });

        Assert.Equal("Not a WebSocket request.", DropInApp.HeaderOf(await DropInApp.AskAsync(app, "GET"), "X-Exception"));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Accepting_twice_throws_and_the_first_socket_goes_on(Stack stack)
    {
        TaskCompletionSource<Exception> second = new();
        await using TestApp app = await DropInApp.StartAsync(stack, async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            second.SetResult(await Assert.ThrowsAnyAsync<Exception>(async () => await context.WebSockets.AcceptWebSocketAsync()));
            await socket.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token());
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);

        Exception exception = await second.Task.WithDeadline();
        Assert.Equal(10, (await client.ReceiveAsync(new byte[100].AsMemory(), Patience.Token())).Count);

        Assert.IsType<InvalidOperationException>(exception);
        Assert.Equal("Headers are read-only, response has already started.", exception.Message);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task The_servers_limit_of_upgraded_connections_applies(Stack stack)
    {
        TaskCompletionSource release = new();
        await using TestApp app = await DropInApp.StartAsync(
            stack,
            async context =>
            {
                try
                {
                    await context.WebSockets.AcceptWebSocketAsync();
                    await release.Task;
                }
                catch (InvalidOperationException exception)
                {
                    context.Response.Headers["X-Exception"] = exception.Message;
                    context.Response.StatusCode = 503;
                }
            },
            options: null,
            static builder => builder.WebHost.ConfigureKestrel(static options => options.Limits.MaxConcurrentUpgradedConnections = 1));
        await using var first = await DropInApp.OpenAsync(app);

        string[] head = await DropInApp.AskAsync(app, "GET", DropInApp.Opening);
        release.SetResult();

        Assert.StartsWith("HTTP/1.1 503 ", head[0], StringComparison.Ordinal);
        Assert.Contains("maximum number of upgraded connections", DropInApp.HeaderOf(head, "X-Exception"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_feature_that_is_there_already_is_kept(Stack stack)
    {
        Stack other = stack == Stack.Stock ? Stack.Sockeye : Stack.Stock;
        await using TestApp app = await TestApp.StartAsync(app =>
        {
            app.Use(stack);
            app.Use(async (context, next) =>
            {
                var feature = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpWebSocketFeature>();
                context.Items["feature"] = feature;
                await next(context);
            });
            app.Use(other);
            app.Run(static context => context.Response.WriteAsync(
                context.Items["feature"] == context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpWebSocketFeature>() ? "same" : "other"));
        });
        using var client = new HttpClient();

        Assert.Equal("same", await client.GetStringAsync(app.Address, Patience.Token()));
    }

    private static async Task<string[]> OfferAsync(Stack stack, string offer, WebSocketAcceptContext accept)
    {
        await using TestApp app = await DropInApp.AcceptAsync(stack, static _ => Task.CompletedTask, accept);
        string[] head = await DropInApp.AskAsync(app, "GET", [.. DropInApp.Opening, $"Sec-WebSocket-Extensions: {offer}"]);
        Assert.StartsWith("HTTP/1.1 101 ", head[0], StringComparison.Ordinal);
        return head;
    }

    private static TheoryData<Stack, T1, T2> ForBoth<T1, T2>(params (T1, T2)[] rows)
    {
        TheoryData<Stack, T1, T2> data = [];
        foreach ((T1 first, T2 second) in rows)
        {
            data.Add(Stack.Stock, first, second);
            data.Add(Stack.Sockeye, first, second);
        }

        return data;
    }

    private static TheoryData<Stack, T1, T2, T3> ForBoth<T1, T2, T3>(params (T1, T2, T3)[] rows)
    {
        TheoryData<Stack, T1, T2, T3> data = [];
        foreach ((T1 first, T2 second, T3 third) in rows)
        {
            data.Add(Stack.Stock, first, second, third);
            data.Add(Stack.Sockeye, first, second, third);
        }

        return data;
    }
}
