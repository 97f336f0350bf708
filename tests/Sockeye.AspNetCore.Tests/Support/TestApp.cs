using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>An application on Kestrel, on a port that the system chooses.</summary>
public sealed class TestApp : IAsyncDisposable
{
    private TestApp(WebApplication app)
    {
        App = app;
        string address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        Address = new Uri(address);
    }

    public WebApplication App { get; }

    /// <summary>The address of the application, with http or https.</summary>
    public Uri Address { get; }

    /// <summary>The address for WebSockets.</summary>
    public Uri At(string path) =>
        new UriBuilder(new Uri(Address, path)) { Scheme = Address.Scheme == "https" ? "wss" : "ws" }.Uri;

    /// <summary>Starts an application.</summary>
    /// <param name="map">Maps its endpoints and middleware.</param>
    /// <param name="build">Adds services, and configures the server.</param>
    public static async Task<TestApp> StartAsync(
        Action<WebApplication> map, Action<WebApplicationBuilder>? build = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        build?.Invoke(builder);
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return new TestApp(app);
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
    }
}
