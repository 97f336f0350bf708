using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sockeye.AspNetCore;
using Sockeye.AspNetCore.Kestrel;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Adds Sockeye's transport to Kestrel.</summary>
public static class SockeyeWebHostBuilderExtensions
{
    /// <summary>
    /// Lets Kestrel listen through Sockeye's event loops. HTTP works as before; a WebSocket connection of Sockeye takes its socket out of
    /// Kestrel after the opening handshake, and then costs what it costs on a server of Sockeye's own.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <returns>The builder.</returns>
    /// <remarks>
    /// <para>
    /// The socket is handed over for HTTP/1.1 without TLS of Kestrel's and without connection middleware; any other WebSocket connection
    /// keeps its request open and uses the pipes of Kestrel's connection. Where the request does not have to stay open, it ends with the
    /// handshake: the access log says so, <c>HttpContext.RequestAborted</c> says nothing about the connection, and Kestrel's limits, metrics
    /// and stop know nothing of it. Those of Sockeye do.
    /// </para>
    /// <para>On other systems than Linux, and for other addresses, Kestrel's own transport is used.</para>
    /// </remarks>
    public static IWebHostBuilder UseSockeyeTransport(this IWebHostBuilder builder, SockeyeTransportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new SockeyeTransportOptions();
        return builder.ConfigureServices(services => services.AddSingleton<IConnectionListenerFactory>(provider => new LoopListenerFactory(
            options, provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<IMemoryPoolFactory<byte>>())));
    }
}
