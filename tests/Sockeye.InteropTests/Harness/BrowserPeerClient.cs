using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>
/// Headless Chromium with <c>peers/browser/page.html</c>. The page is served from here, asks here for the next scenario
/// and reports here; one browser serves all tests of a class, because starting one takes seconds.
/// </summary>
internal sealed class BrowserPeerClient : PeerClient, IAsyncDisposable
{
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>();
    private readonly Channel<PeerReport> _reports = Channel.CreateUnbounded<PeerReport>();
    private readonly WebApplication _page;
    private Chromium? _browser;

    private BrowserPeerClient(bool isSecure)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (isSecure)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port: 0, listen =>
        {
            if (isSecure)
            {
                listen.UseHttps(TestCertificate.Value);
            }
        }));
        _page = builder.Build();
        _page.MapGet("/", () => Results.File(Path.Combine(PeerPrograms.Folder, "browser", "page.html"), "text/html"));
        _page.MapGet("/next", async (CancellationToken gone) => await _commands.Reader.ReadAsync(gone));
        _page.MapPost("/report", async (HttpRequest request) =>
        {
            // Read by hand: what fetch sends names no JSON content type, on which a bound parameter would insist.
            PeerReport? report = await JsonSerializer.DeserializeAsync<PeerReport>(
                request.Body, JsonSerializerOptions.Web);
            await _reports.Writer.WriteAsync(report!);
        });
    }

    public override string Origin => _page.Urls.Single();

    /// <summary>Starts a browser with the page.</summary>
    /// <param name="isSecure">Whether the page comes over TLS; the browser trusts the tests' own certificate.</param>
    public static async Task<BrowserPeerClient> StartAsync(bool isSecure = false)
    {
        PeerPrograms.RequireChromium();
        BrowserPeerClient client = new(isSecure);
        await client._page.StartAsync(Deadline.Token());
        client._browser = Chromium.Start(client.Origin, $"--ignore-certificate-errors-spki-list={TestCertificate.KeyHash}");
        return client;
    }

    public override async Task<PeerReport> RunAsync(Uri address, string scenario, params string[] arguments)
    {
        await _commands.Writer.WriteAsync(new Command(address.AbsoluteUri, scenario, arguments));
        return await _reports.Reader.ReadAsync(Deadline.Token());
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _page.DisposeAsync();
    }

    private sealed record Command(string Url, string Scenario, string[] Arguments);
}
