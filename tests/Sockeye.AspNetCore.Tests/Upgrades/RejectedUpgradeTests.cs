using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.Tests;

/// <summary>A rejected upgrade ends its HTTP/1.1 connection: what follows it may be frames, and is never read as a request.</summary>
public sealed class RejectedUpgradeTests
{
    private const string Valid = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Theory]
    [InlineData("/echo", Valid + "Origin: https://evil.example\r\n", 403)]
    [InlineData("/echo", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426)]
    [InlineData("/echo", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400)]
    [InlineData("/unbound", Valid, 400)]
    [InlineData("/filtered", Valid, 402)]
    [InlineData("/throwing", Valid, 500)]
    [InlineData("/authorized", Valid, 401)]
    [InlineData("/middleware", Valid, 418)]
    [InlineData("/throwing-middleware", Valid, 500)]
    [InlineData("/nowhere", Valid, 404)]
    [InlineData("/page", Valid, 200)]
    public async Task A_request_after_a_rejected_upgrade_is_not_answered(string path, string headers, int status)
    {
        await using EndpointApp app = await StartAsync();

        string responses = await SendAsync(
            app, $"GET {path} HTTP/1.1\r\nHost: {app.Address.Authority}\r\n{headers}\r\nGET /page HTTP/1.1\r\nHost: {app.Address.Authority}\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", responses, StringComparison.Ordinal);
        Assert.Equal(1, CountOf(responses, "HTTP/1.1 "));
        Assert.Contains("Connection: close", responses, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("/filtered", 402)]
    [InlineData("/throwing", 500)]
    [InlineData("/unbound", 400)]
    public async Task The_endpoint_itself_ends_the_connection_without_middleware(string path, int status)
    {
        await using EndpointApp app = await StartAsync(static services =>
            services.Remove(services.Single(static service => service.ImplementationType == typeof(RejectedUpgradeFilter))));
        string host = $"Host: {app.Address.Authority}\r\n";

        string responses = await SendAsync(app, $"GET {path} HTTP/1.1\r\n{host}{Valid}\r\nGET /page HTTP/1.1\r\n{host}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", responses, StringComparison.Ordinal);
        Assert.Equal(1, CountOf(responses, "HTTP/1.1 "));
    }

    [Fact]
    public async Task A_request_after_a_plain_one_is_answered()
    {
        await using EndpointApp app = await StartAsync();
        string host = $"Host: {app.Address.Authority}\r\n";

        string responses = await SendAsync(
            app, $"GET /page HTTP/1.1\r\n{host}\r\nGET /page HTTP/1.1\r\n{host}Connection: close\r\n\r\n");

        Assert.Equal(2, CountOf(responses, "HTTP/1.1 200 "));
    }

    private static Task<EndpointApp> StartAsync(Action<IServiceCollection>? change = null) => EndpointApp.StartAsync(
        static app =>
        {
            app.Use(static (HttpContext context, RequestDelegate next) =>
            {
                if (context.Request.Path == "/middleware")
                {
                    context.Response.StatusCode = 418;
                    return Task.CompletedTask;
                }

                return context.Request.Path == "/throwing-middleware" ? throw new FormatException("thrown") : next(context);
            });
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapGet("/page", static () => "page");
            app.MapWebSocket("/echo", new MapWebSocketTests.EchoHandler());
            app.MapWebSocket("/unbound", static (WebSocketConnection _, int id) => Task.CompletedTask);
            app.MapWebSocket("/filtered", new MapWebSocketTests.EchoHandler())
                .AddEndpointFilter(static (_, _) => ValueTask.FromResult<object?>(Results.StatusCode(402)));
            app.MapWebSocket("/throwing", new MapWebSocketTests.EchoHandler())
                .AddEndpointFilter(static (_, _) => throw new FormatException("thrown"));
            app.MapWebSocket("/authorized", new MapWebSocketTests.EchoHandler()).RequireAuthorization();
        },
        builder =>
        {
            change?.Invoke(builder.Services);
            builder.Services.AddAuthorization();
            builder.Services.AddAuthentication("test")
                .AddScheme<Microsoft.AspNetCore.Authentication.AuthenticationSchemeOptions, EndpointConventionTests.ByHeader>("test", null);
        });

    private static async Task<string> SendAsync(EndpointApp app, string requests)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(requests));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync().WithDeadline();
    }

    private static int CountOf(string text, string part) => text.Split(part).Length - 1;
}
