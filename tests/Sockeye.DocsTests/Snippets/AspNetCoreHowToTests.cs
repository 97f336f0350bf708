using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

public sealed class AspNetCoreHowToTests
{
    private readonly WebSocketAcceptor _acceptor = new(new());

    [Fact]
    public async Task Connection_is_accepted_from_inside_another_HTTP_server()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        await using WebApplication app = builder.Build();
        app.Run(ServeAsync);
        await app.StartAsync();
        string address = app.Urls.Single().Replace("http://", "ws://", StringComparison.Ordinal);

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(address);
        Assert.Equal("from inside", (await connection.ReceiveMessageAsync()).GetText());
        await connection.CloseAsync();
        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(new Uri(address), new WebSocketClientOptions { Origin = "https://evil.example" }));
        Assert.Equal(403, refused.StatusCode);
        Assert.NotEqual(0, refused.Body.Length);
    }

    private async Task ServeAsync(HttpContext context)
    {
        WebSocketAcceptor acceptor = _acceptor;

        // snippet: another HTTP server
        var http = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        using var prepared = await acceptor.PrepareAsync(new WebSocketHandshakeInput
        {
            Request = new WebSocketParsedRequest(
                http.Method,
                http.RawTarget,
                new(from header in http.Headers
                    from value in header.Value
                    select KeyValuePair.Create(header.Key, value))),
            RemoteEndPoint = new IPEndPoint(context.Connection.RemoteIpAddress!, context.Connection.RemotePort),
            IsSecure = context.Request.IsHttps,
        });

        context.Response.StatusCode = prepared.StatusCode;
        foreach (var (name, value) in prepared.Headers)
        {
            context.Response.Headers.Append(name, value);
        }

        if (!prepared.IsAccepted)
        {
            await context.Response.Body.WriteAsync(prepared.Body);
            return;
        }

        Stream stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        await using WebSocketConnection connection = prepared.Attach(stream);
        await connection.SendAsync("from inside");
        await connection.Closed;
        // end snippet
    }
}
