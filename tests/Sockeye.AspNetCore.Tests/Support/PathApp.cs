using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>An application whose connections take one path, and a client for it.</summary>
internal static class PathApp
{
    public static Task<TestApp> StartAsync(
        ServerPath path, Action<WebApplication> map, WebSocketAcceptorOptions? options = null, Action<WebApplicationBuilder>? build = null) =>
        TestApp.StartAsync(
            app =>
            {
                if (path == ServerPath.Stream)
                {
                    app.Use(static (context, next) =>
                    {
                        if (context.Features.Get<IHttpUpgradeFeature>() is { } upgrade)
                        {
                            context.Features.Set<IHttpUpgradeFeature>(new WrappedUpgrade(upgrade));
                        }

                        return next(context);
                    });
                }

                map(app);
            },
            builder =>
            {
                builder.Services.AddSockeye(_ => options ?? new WebSocketAcceptorOptions());
                bool isSecure = path is ServerPath.Tls or ServerPath.TlsOnLoop or ServerPath.Http2 or ServerPath.Http2OnLoop;
                builder.WebHost.UseKestrelHttpsConfiguration();
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = path is ServerPath.Http2 or ServerPath.Http2OnLoop ? HttpProtocols.Http2 : HttpProtocols.Http1;
                    if (isSecure)
                    {
                        listen.UseHttps(TestCertificate.Value);
                    }
                }));
                if (path is ServerPath.HandOver or ServerPath.TlsOnLoop or ServerPath.Http2OnLoop)
                {
                    builder.WebHost.UseSockeyeTransport();
                }

                build?.Invoke(builder);
            });

    public static Task<WebSocketConnection> ConnectAsync(
        ServerPath path, TestApp app, string target = "/", WebSocketClientOptions? options = null) =>
        WebSocketClient.ConnectAsync(app.At(target), (options ?? new WebSocketClientOptions()) with
        {
            Tls = app.Address.Scheme == "https" ? TestCertificate.ForClient() : null,
            Http2 = path is ServerPath.Http2 or ServerPath.Http2OnLoop ? WebSocketHttp2Policy.Only : WebSocketHttp2Policy.Never,
        });

    private sealed class WrappedUpgrade(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public Task<Stream> UpgradeAsync() => inner.UpgradeAsync();
    }
}
