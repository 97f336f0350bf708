using System.Text;
using Microsoft.AspNetCore.Builder;

namespace Sockeye.Tests;

/// <summary>The options of an endpoint have the names and meanings of those of a server's route.</summary>
public sealed class RouteOptionsTests
{
    public static TheoryData<HttpProtocolCase> Protocols => [HttpProtocolCase.Http1, HttpProtocolCase.Http2];

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Subprotocols_are_those_of_the_endpoint(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapWebSocket("/", new MapWebSocketTests.EchoHandler(), new() { Subprotocols = ["v2", "v1"], RequireSubprotocol = true });
                app.MapWebSocket("/select", new MapWebSocketTests.EchoHandler(), new()
                {
                    SelectSubprotocol = static request => request.Subprotocols[^1],
                });
            },
            protocol: protocol);

        await using WebSocketConnection client = await app.ConnectAsync("/", static options => options with { Subprotocols = ["v1", "v3"] });
        Assert.Equal("v1", client.Subprotocol);
        await using WebSocketConnection selected = await app.ConnectAsync(
            "/select", static options => options with { Subprotocols = ["v1", "v3"] });
        Assert.Equal("v3", selected.Subprotocol);
        Assert.Equal(400, (await app.RejectedAsync("/")).StatusCode);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Limits_and_compression_are_those_of_the_endpoint(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app =>
            {
                app.MapWebSocket("/small", new MapWebSocketTests.EchoHandler(), new()
                {
                    Connection = new() { Limits = new() { MaxMessageLength = 10 } },
                });
                app.MapWebSocket("/deflate", new MapWebSocketTests.EchoHandler(), new() { Compression = new() });
                app.MapWebSocket("/plain", new MapWebSocketTests.EchoHandler(), new() { Compression = PerMessageDeflateOptions.Disabled });
            },
            protocol: protocol);

        await using WebSocketConnection small = await app.ConnectAsync("/small");
        await small.SendAsync("more than ten bytes");
        Assert.Equal(WebSocketCloseCode.MessageTooBig, (await small.Closed.WithDeadline()).Code);
        await using WebSocketConnection deflate = await app.ConnectAsync("/deflate");
        Assert.Contains("permessage-deflate", deflate.Extensions, StringComparison.Ordinal);
        await using WebSocketConnection plain = await app.ConnectAsync("/plain");
        Assert.Equal("", plain.Extensions);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task The_decision_rejects_or_names_state_headers_and_another_handler(HttpProtocolCase protocol)
    {
        await using EndpointApp app = await EndpointApp.StartAsync(
            static app => app.MapWebSocket(
                "/{what}",
                static async (WebSocketConnection connection, string what) => await connection.SendAsync($"{connection.UserState}"),
                new()
                {
                    OnUpgrade = static (request, _) => request.GetRouteValue("what") switch
                    {
                        "reject" => WebSocketUpgradeDecision.Reject(402, "pay first"),
                        "other" => WebSocketUpgradeDecision.Accept(new MapWebSocketTests.EchoHandler()),
                        _ => new WebSocketUpgradeAcceptance { UserState = "state", Headers = [new("X-Extra", "yes")] },
                    },
                }),
            protocol: protocol);

        WebSocketHandshakeException rejected = await app.RejectedAsync("/reject");
        Assert.Equal((402, "pay first"), (rejected.StatusCode, Encoding.UTF8.GetString(rejected.Body.Span)));
        await using WebSocketConnection echo = await app.ConnectAsync("/other");
        await echo.SendAsync("echo");
        Assert.Equal("echo", (await echo.ReceiveAsync().WithDeadline())?.GetText());
        await using WebSocketConnection client = await app.ConnectAsync("/x");
        Assert.Equal("state", (await client.ReceiveAsync().WithDeadline())?.GetText());
        Assert.Equal("yes", client.Response?.Headers["X-Extra"]);
    }
}
