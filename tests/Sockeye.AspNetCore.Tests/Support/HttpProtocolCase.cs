using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sockeye.Tests;

/// <summary>A version of HTTP, with TLS or without.</summary>
public enum HttpProtocolCase
{
    /// <summary>The upgrade of HTTP/1.1 (RFC 6455).</summary>
    Http1,

    /// <summary>The same over TLS.</summary>
    Http1Tls,

    /// <summary>An extended CONNECT of HTTP/2 (RFC 8441), with prior knowledge.</summary>
    Http2,

    /// <summary>The same over TLS, with ALPN.</summary>
    Http2Tls,
}

/// <summary>Applications and clients for each of the versions.</summary>
public static class HttpProtocolCases
{
    /// <summary>Makes the server speak only this version.</summary>
    public static void Speak(this WebApplicationBuilder builder, HttpProtocolCase protocol)
    {
        bool isSecure = protocol is HttpProtocolCase.Http1Tls or HttpProtocolCase.Http2Tls;
        bool isHttp2 = protocol is HttpProtocolCase.Http2 or HttpProtocolCase.Http2Tls;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls(isSecure ? "https://127.0.0.1:0" : "http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
            kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = TestCertificate.Value);
        });
    }

    /// <summary>The options of a client that speaks only this version.</summary>
    public static WebSocketClientOptions ClientOptions(this HttpProtocolCase protocol) => new()
    {
        Http2 = protocol is HttpProtocolCase.Http2 or HttpProtocolCase.Http2Tls ? WebSocketHttp2Policy.Only : WebSocketHttp2Policy.Never,
        Tls = protocol is HttpProtocolCase.Http1Tls or HttpProtocolCase.Http2Tls ? TestCertificate.ForClient() : null,
    };
}
