using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Hosting.Services;

/// <summary>A server that the application hosts: its name, and how it is created.</summary>
/// <param name="name">The name.</param>
/// <param name="create">Creates the server from its options, with its handler.</param>
internal sealed class ServerRegistration(string name, Func<IServiceProvider, WebSocketServerOptions, WebSocketServer> create)
{
    // What options have whose address was not set: the library listens on all addresses then, on a port that the system chooses.
    private static readonly WebSocketServerOptions Unset = new();

    /// <summary>The name.</summary>
    public string Name => name;

    /// <summary>Creates the server, which does not listen yet.</summary>
    /// <exception cref="OptionsValidationException">Its options are invalid.</exception>
    public WebSocketServer Create(IServiceProvider services)
    {
        ConfigurationRoot root = services.GetRequiredService<ConfigurationRoot>();
        var certificates = new CertificateFiles(services.GetService<IHostEnvironment>()?.ContentRootPath ?? "");
        try
        {
            WebSocketServerOptions options = root.ReadServer(
                name, AcceptorRegistration.WithServices(new WebSocketServerOptions(), services), certificates, out bool hasAddress);
            foreach (ServerConfiguration change in services.GetServices<ServerConfiguration>().Where(change => change.IsFor(name)))
            {
                options = change.Configure(services, options)
                    ?? throw new InvalidOperationException($"The method that configures the server '{name}' returned null.");
            }

            if (!hasAddress && options.EndPoints.Count == 0 && options.EndPoint.Equals(Unset.EndPoint))
            {
                throw new OptionsValidationException(
                    name, typeof(WebSocketServerOptions),
                    [$"The server '{name}' has no address: set {root.PathOf(name)}:{nameof(options.EndPoint)}, for example to 127.0.0.1:8080."]);
            }

            return create(services, options);
        }
        catch (ArgumentException exception)
        {
            throw root.Describe(name, exception);
        }
    }
}

/// <summary>A change of the options of a server, made in code.</summary>
/// <param name="ServerName">The name of the server.</param>
/// <param name="Configure">Returns the changed options.</param>
internal sealed record ServerConfiguration(
    string ServerName, Func<IServiceProvider, WebSocketServerOptions, WebSocketServerOptions> Configure)
{
    /// <summary>Whether the change is for the server with this name.</summary>
    public bool IsFor(string name) => ServerName.Equals(name, StringComparison.OrdinalIgnoreCase);
}
