using System.Net;
using System.Net.Security;
using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>A page loaded over TLS in Chromium, and Sockeye's server over TLS.</summary>
public sealed class SecureBrowserTests(SecureBrowserTests.Browser browser) : IClassFixture<SecureBrowserTests.Browser>
{
    // Of this test alone: all tests of the class have one browser, which keeps the cookies of all.
    private readonly string _session = $"session-{Guid.NewGuid():N}";
    private readonly string _theme = $"theme-{Guid.NewGuid():N}";

    private readonly Channel<WebSocketHandshakeFailure> _failures = Channel.CreateUnbounded<WebSocketHandshakeFailure>();

    /// <summary>
    /// The answer to the first opening handshake sets two cookies. The browser sends both with the second, which is of the
    /// same site, and shows the page's script the one that is not HttpOnly (RFC 6265 §5.4, §4.1.2.6).
    /// </summary>
    [Fact]
    public async Task Cookies_set_by_the_response_are_sent_with_the_next_request()
    {
        BrowserPeerClient page = await browser.StartedAsync();
        await using WebSocketServer server = await StartServerAsync(page.Origin);

        PeerReport first = await page.RunAsync(Address(server), "subprotocol", "chat.v1");
        PeerReport second = await page.RunAsync(Address(server), "subprotocol", "chat.v1");

        Assert.Equal("session: none, theme: none", Assert.Single(first.Messages).Text);
        Assert.Equal("session: s3cret, theme: dark", Assert.Single(second.Messages).Text);
        Assert.Contains($"{_theme}=dark", second.Cookies, StringComparison.Ordinal);
        Assert.DoesNotContain(_session, second.Cookies, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_gets_the_subprotocol_that_the_application_selects()
    {
        BrowserPeerClient page = await browser.StartedAsync();
        await using WebSocketServer server = await StartServerAsync(page.Origin);

        PeerReport chosen = await page.RunAsync(Address(server), "subprotocol", "chat.v9", "chat.v2", "chat.v1");

        Assert.Null(chosen.Error);
        Assert.Equal("chat.v1", chosen.Subprotocol);
    }

    /// <summary>RFC 6455 §4.1: a client fails the connection if the server selects none of the offered subprotocols.</summary>
    [Fact]
    public async Task Browser_fails_the_connection_if_no_subprotocol_is_selected()
    {
        BrowserPeerClient page = await browser.StartedAsync();
        await using WebSocketServer server = await StartServerAsync(page.Origin);

        PeerReport report = await page.RunAsync(Address(server), "subprotocol", "chat.v9");

        Assert.NotNull(report.Error);
    }

    [Fact]
    public async Task Messages_of_every_length_come_back_over_tls()
    {
        BrowserPeerClient page = await browser.StartedAsync();
        await using SockeyeServer server = await SockeyeServer.StartAsync(page.Origin, isSecure: true);

        PeerReport report = await page.RunAsync(server.At("/echo"), "echo", PeerPayloads.Sizes);

        Assert.Null(report.Error);
        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.Sizes), report.Messages);
        Assert.Equal(1000, report.Close?.Code);
    }

    [Fact]
    public async Task Page_of_another_origin_gets_403()
    {
        BrowserPeerClient page = await browser.StartedAsync();
        await using WebSocketServer server = await StartServerAsync("https://example.com");

        PeerReport report = await page.RunAsync(Address(server), "subprotocol", "chat.v1");
        WebSocketHandshakeFailure failure = await _failures.Reader.ReadAsync(Deadline.Token());

        Assert.Equal(1006, report.Close?.Code);
        Assert.Equal((WebSocketHandshakeError.OriginNotAllowed, 403), (failure.Error, failure.StatusCode));
        Assert.Equal(page.Origin, failure.Request!.Origin);
    }

    private static Uri Address(WebSocketServer server) => new($"wss://{server.LocalEndPoint}/");

    private Task<WebSocketServer> StartServerAsync(string allowedOrigin) => WebSocketServer.StartAsync(
        new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new SslServerAuthenticationOptions { ServerCertificate = TestCertificate.Value },
            AllowedOrigins = [allowedOrigin],
            OnUpgrade = (request, _) => new(new WebSocketUpgradeAcceptance
            {
                Subprotocol = request.Subprotocols.Contains("chat.v1") ? "chat.v1" : "",
                UserState = $"session: {request.GetCookie(_session) ?? "none"}, theme: {request.GetCookie(_theme) ?? "none"}",
                Cookies =
                [
                    new(_session, "s3cret")
                    {
                        Path = "/",
                        Secure = true,
                        HttpOnly = true,
                        SameSite = WebSocketSameSite.Strict,
                    },
                    new(_theme, "dark") { Path = "/", MaxAge = TimeSpan.FromMinutes(1) },
                ],
            }),
            OnHandshakeFailed = failure =>
            {
                _failures.Writer.TryWrite(failure);
                return null;
            },
        },
        async (connection, cancellation) =>
        {
            await connection.SendAsync((string)connection.UserState!, cancellation);
            await connection.Closed;
        },
        Deadline.Token());

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

        internal async Task<BrowserPeerClient> StartedAsync() =>
            _client ??= await BrowserPeerClient.StartAsync(isSecure: true);
    }
}
