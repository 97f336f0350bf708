using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Kestrel reads the request and writes the response; the connection behind it is Sockeye's, and echoes.</summary>
internal sealed class KestrelUpgradeServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly WebSocketAcceptor _acceptor;

    private KestrelUpgradeServer(WebApplication application, WebSocketAcceptorOptions options)
    {
        _application = application;
        _acceptor = new WebSocketAcceptor(options);
    }

    /// <summary>Its address, without a path.</summary>
    public Uri Address => new(_application.Urls.Single().Replace("http://", "ws://", StringComparison.Ordinal));

    public static async Task<KestrelUpgradeServer> StartAsync(WebSocketAcceptorOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        KestrelUpgradeServer server = new(builder.Build(), options);
        server._application.Run(server.ServeAsync);
        await server._application.StartAsync(Deadline.Token());
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        IHttpRequestFeature http = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        var request = new WebSocketParsedRequest(
            http.Method, http.RawTarget,
            new(http.Headers.SelectMany(header => header.Value, (header, value) => KeyValuePair.Create(header.Key, value ?? ""))));
        using WebSocketPreparedUpgrade prepared = await _acceptor.PrepareAsync(
            new WebSocketHandshakeInput
            {
                Request = request,
                RemoteEndPoint = new IPEndPoint(context.Connection.RemoteIpAddress!, context.Connection.RemotePort),
            },
            context.RequestAborted);
        context.Response.StatusCode = prepared.StatusCode;
        foreach (IGrouping<string, KeyValuePair<string, string>> header in prepared.Headers.GroupBy(header => header.Key))
        {
            context.Response.Headers[header.Key] = header.Select(one => one.Value).ToArray();
        }

        if (!prepared.IsAccepted)
        {
            await context.Response.Body.WriteAsync(prepared.Body);
            return;
        }

        Stream stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        await using WebSocketConnection connection = prepared.Attach(stream);
        await foreach (WebSocketMessage message in connection.ReadAllAsync(Deadline.Token()))
        {
            await connection.SendAsync(message, Deadline.Token());
        }
    }
}
