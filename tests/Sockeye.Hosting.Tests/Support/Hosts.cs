using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sockeye.Tests;

/// <summary>Generic hosts with a configuration in JSON, as an appsettings.json has it.</summary>
internal static class Hosts
{
    public static IPEndPoint Loopback => new(IPAddress.Loopback, 0);

    /// <summary>Builds a host.</summary>
    public static IHost Build(string json, Action<IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        configure(builder.Services);
        return builder.Build();
    }

    /// <summary>Builds a host with an empty configuration, and starts it.</summary>
    public static Task<IHost> StartAsync(Action<IServiceCollection> configure) => StartAsync("{}", configure);

    /// <summary>Builds a host, and starts it.</summary>
    public static async Task<IHost> StartAsync(string json, Action<IServiceCollection> configure)
    {
        IHost host = Build(json, configure);
        try
        {
            await host.StartAsync().WithDeadline();
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    public static WebSocketServer Server(this IHost host, string name) => host.Services.GetRequiredKeyedService<WebSocketServer>(name);

    /// <summary>Connects to a server of the host.</summary>
    public static Task<WebSocketConnection> ConnectAsync(this IHost host, string name, string path = "/") =>
        WebSocketClient.ConnectAsync($"ws://{host.Server(name).LocalEndPoint}{path}").WithDeadline();

    /// <summary>Echoes all messages.</summary>
    public static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellationToken))
        {
            await connection.SendAsync(message, cancellationToken);
        }
    }

    /// <summary>Receives a text.</summary>
    public static async Task<string> ReceiveTextAsync(this WebSocketConnection connection) =>
        (await connection.ReceiveMessageAsync().WithDeadline()).GetText();
}
