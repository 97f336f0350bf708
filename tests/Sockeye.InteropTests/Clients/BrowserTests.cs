namespace Sockeye.Tests;

public sealed class BrowserTests(BrowserTests.Browser browser) : PeerClientTests, IClassFixture<BrowserTests.Browser>
{
    /// <summary>RFC 6455 §10.2: a page of another origin is rejected unless the server allows it.</summary>
    [Fact]
    public async Task Page_of_another_origin_is_rejected()
    {
        PeerClient page = await PeerAsync();
        await using SockeyeServer server = await SockeyeServer.StartAsync("http://example.com");

        PeerReport report = await page.RunAsync(server.At("/echo"), "echo", PeerPayloads.Sizes);

        Assert.NotNull(report.Error);
        Assert.Equal(1006, report.Close?.Code);
    }

    private protected override Task<PeerClient> PeerAsync() => browser.StartedAsync();

    /// <summary>One browser for the class, started by the first test, so that the test is skipped if there is no browser.</summary>
    public sealed class Browser : IAsyncDisposable
    {
        private BrowserPeerClient? _client;

        public async ValueTask DisposeAsync()
        {
            if (_client is not null)
            {
                await _client.DisposeAsync();
            }
        }

        internal async Task<PeerClient> StartedAsync() => _client ??= await BrowserPeerClient.StartAsync();
    }
}
