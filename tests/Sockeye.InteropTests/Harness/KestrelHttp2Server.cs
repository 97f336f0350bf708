using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Kestrel with System.Net.WebSockets, by whichever HTTP a test wants; it tells what it was asked.</summary>
internal sealed class KestrelHttp2Server : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private readonly Channel<string> _ends = Channel.CreateUnbounded<string>();

    private KestrelHttp2Server(WebApplication application) => _application = application;

    /// <summary>Its address, without a path.</summary>
    public Uri Address => new(_application.Urls.Single().Replace("http", "ws", StringComparison.Ordinal));

    /// <summary>TLS that trusts this server and no other.</summary>
    public static SslClientAuthenticationOptions Trusting => new()
    {
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => TestCertificate.IsValue(certificate),
    };

    /// <summary>Starts a server: with TLS, or with the one version of HTTP that there is then.</summary>
    public static async Task<KestrelHttp2Server> StartAsync(HttpProtocols protocols, bool isSecure)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port: 0, listen =>
        {
            listen.Protocols = protocols;
            if (isSecure)
            {
                listen.UseHttps(TestCertificate.Value);
            }
        }));
        KestrelHttp2Server server = new(builder.Build());
        server._application.UseWebSockets();
        server._application.Run(server.ServeAsync);
        await server._application.StartAsync(Deadline.Token());
        return server;
    }

    /// <summary>What the next request was.</summary>
    public ValueTask<Asked> NextRequestAsync() => _asked.Reader.ReadAsync(Deadline.Token());

    /// <summary>How the next connection ended, as the server saw it.</summary>
    public ValueTask<string> NextEndAsync() => _ends.Reader.ReadAsync(Deadline.Token());

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        await _asked.Writer.WriteAsync(new Asked(
            context.Request.Protocol,
            context.Request.Method,
            context.Connection.Id,
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        switch (context.Request.Path.Value)
        {
            case "/refuse":
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"x\"";
                await context.Response.WriteAsync("who are you?", Deadline.Token());
                break;
            case "/redirect":
                context.Response.Redirect("/echo?from=redirect");
                break;
            case "/silent":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                await _ends.Writer.WriteAsync("aborted");
                break;
            default:
                await EchoAsync(context);
                break;
        }
    }

    private async Task EchoAsync(HttpContext context)
    {
        context.Response.Cookies.Append("given", "1");
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(name => name == "chat"),
            DangerousEnableCompression = context.Request.Path == "/compress",
        });
        try
        {
            while (await socket.ReceiveMessageAsync() is { } message)
            {
                if (message.Text == "close")
                {
                    await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "gone", Deadline.Token());
                    break;
                }

                if (message.Text == "abort")
                {
                    context.Abort();
                    break;
                }

                await socket.SendMessageAsync(message.Payload, message.Type, inThirds: false);
            }

            if (socket.State == WebSocketState.CloseReceived)
            {
                await socket.AnswerCloseAsync();
            }

            await _ends.Writer.WriteAsync($"{(int?)socket.CloseStatus} {socket.CloseStatusDescription}");
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
        {
            await _ends.Writer.WriteAsync("aborted");
        }
    }

    /// <summary>A request, as the server saw it.</summary>
    /// <param name="Protocol">The version of HTTP.</param>
    /// <param name="Method">The method; of an extended CONNECT that too.</param>
    /// <param name="Connection">Which connection it came on.</param>
    /// <param name="Headers">Its headers.</param>
    internal sealed record Asked(
        string Protocol, string Method, string Connection, IReadOnlyDictionary<string, string> Headers);
}
