using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Protocol;
using Sockeye.Server;
using Sockeye.Server.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Each step of an opening handshake alone, without a socket.</summary>
public sealed class UpgradeStepsTests
{
    private static readonly WebSocketAcceptorOptions Options = new() { LoggerFactory = NullLoggerFactory.Instance };

    [Theory]
    [InlineData("GET / HTTP/2.0\r\nHost: a\r\n\r\n", WebSocketHandshakeError.UnsupportedHttpVersion)]
    [InlineData("GET / HTTP/1.0\r\nHost: a\r\n\r\n", WebSocketHandshakeError.UnsupportedHttpVersion)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\n\r\n", WebSocketHandshakeError.MethodNotGet)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", WebSocketHandshakeError.MissingUpgrade)]
    public void The_rules_reject_a_request_that_is_not_an_upgrade(string head, WebSocketHandshakeError expected)
    {
        var handshake = new Handshake(Options, head);

        Assert.Equal(expected, handshake.Take(UpgradeSteps.CheckRules));
        Assert.Same(handshake.Server.Fallback, handshake.Attempt.Route);
    }

    [Fact]
    public void The_rules_select_the_subprotocol_and_the_parameters_of_compression()
    {
        var handshake = new Handshake(
            Options with { Subprotocols = ["b", "a"], Compression = PerMessageDeflateOptions.Default },
            Head("Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: permessage-deflate"));

        Assert.Equal(WebSocketHandshakeError.None, handshake.Take(UpgradeSteps.CheckRules));
        Assert.Equal("b", handshake.Attempt.Subprotocol);
        Assert.NotNull(handshake.Attempt.Deflate);
    }

    [Theory]
    [InlineData("/a", "/a")]
    [InlineData("/b", null)]
    public void A_request_gets_the_route_of_its_path(string path, string? expected)
    {
        var handshake = new Handshake(
            Options, Head().Replace("GET /", "GET " + path, StringComparison.Ordinal), new WebSocketRoutes().Map("/a", new SilentHandler()));

        handshake.Take(UpgradeSteps.CheckRules);

        Assert.Equal(expected, handshake.Attempt.Route.Pattern?.Text);
        Assert.Equal(
            expected is null ? WebSocketHandshakeError.UnknownPath : WebSocketHandshakeError.None,
            handshake.TakeAfterRules(UpgradeSteps.CheckRoom));
    }

    [Theory]
    [InlineData("https", true)]
    [InlineData("http", false)]
    public void A_trusted_proxy_determines_whether_the_client_uses_tls(string scheme, bool isSecure)
    {
        var handshake = new Handshake(
            Options with { TrustUnixSocketProxies = true }, Head("X-Forwarded-Proto: " + scheme, $"Origin: {scheme}://localhost"));

        Assert.Equal(WebSocketHandshakeError.None, handshake.Take(UpgradeSteps.CheckRules));
        Assert.Equal(isSecure, handshake.Attempt.Settings.Scope.IsSecure);
    }

    [Fact]
    public void A_plain_request_is_taken_only_with_a_callback()
    {
        const string Plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        var without = new Handshake(Options, Plain);
        var with = new Handshake(Options with { OnPlainRequest = (_, _) => new WebSocketPlainResponse() }, Plain);

        Assert.Equal((false, WebSocketHandshakeError.MissingUpgrade), without.TakeAsPlain());
        Assert.Equal((true, WebSocketHandshakeError.None), with.TakeAsPlain());
        Assert.False(without.Attempt.IsPlain);
        Assert.Equal(WebSocketHandshakeError.MissingUpgrade, with.Attempt.PlainError);
    }

    [Fact]
    public void A_plain_request_that_breaks_a_rule_of_http_has_that_error()
    {
        var handshake = new Handshake(
            Options with { OnPlainRequest = (_, _) => new WebSocketPlainResponse() },
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");

        (bool isTaken, WebSocketHandshakeError error) = handshake.TakeAsPlain(WebSocketHandshakeError.MissingUpgrade);

        Assert.False(isTaken);
        Assert.NotEqual(WebSocketHandshakeError.MissingUpgrade, error);
        Assert.NotEqual(WebSocketHandshakeError.None, error);
    }

    [Theory]
    [InlineData("https://yes.example", WebSocketHandshakeError.None)]
    [InlineData("https://no.example", WebSocketHandshakeError.OriginNotAllowed)]
    [InlineData("https://throw.example", WebSocketHandshakeError.ApplicationFailed)]
    public void The_application_decides_about_an_origin(string origin, WebSocketHandshakeError expected)
    {
        var handshake = new Handshake(
            Options with
            {
                IsOriginAllowed = (value, request) => value == "https://throw.example"
                    ? throw new InvalidOperationException("on purpose")
                    : value == "https://yes.example" && request.Path == "/",
            },
            Head("Origin: " + origin));
        Assert.Equal(WebSocketHandshakeError.OriginNotAllowed, handshake.Take(UpgradeSteps.CheckRules));

        Assert.Equal(expected, handshake.TakeAfterRules(UpgradeSteps.AskAboutOrigin));
        Assert.Equal(expected == WebSocketHandshakeError.ApplicationFailed ? "on purpose" : null, handshake.Attempt.Exception?.Message);
    }

    [Fact]
    public void An_origin_is_rejected_without_a_callback_and_the_detail_shows_it()
    {
        var handshake = new Handshake(Options, Head("Origin: https://evil.example"));

        Assert.Equal(WebSocketHandshakeError.OriginNotAllowed, handshake.Take(UpgradeSteps.Check));
        Assert.Contains("'https://evil.example'", handshake.Attempt.Detail, StringComparison.Ordinal);
        Assert.Null(handshake.Attempt.RequestIfKept);
    }

    [Fact]
    public void A_stop_leaves_no_room()
    {
        var handshake = new Handshake(Options, Head());
        handshake.Server.Connections.Stop();

        Assert.Equal(WebSocketHandshakeError.ServerUnavailable, handshake.Take(UpgradeSteps.Check));
    }

    [Fact]
    public void A_place_is_taken_once_and_left_once()
    {
        WebSocketAcceptorOptions options = Options with { MaxConnections = 2, MaxConnectionsPerAddress = 1, TrustUnixSocketProxies = true };
        var first = new Handshake(options, Head("X-Forwarded-For: 192.0.2.1"));
        var sameAddress = new Handshake(first.Server, Head("X-Forwarded-For: 192.0.2.1"));
        var second = new Handshake(first.Server, Head("X-Forwarded-For: 192.0.2.2"));
        var third = new Handshake(first.Server, Head("X-Forwarded-For: 192.0.2.3"));

        Assert.Equal(WebSocketHandshakeError.None, first.Take(UpgradeSteps.Check));
        Assert.Equal(WebSocketHandshakeError.TooManyConnectionsFromAddress, sameAddress.Take(UpgradeSteps.Check));
        Assert.Equal(WebSocketHandshakeError.None, second.Take(UpgradeSteps.Check));
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, third.Take(UpgradeSteps.Check));

        // Neither of those that were rejected has a place to leave.
        sameAddress.Attempt.LeavePlace();
        third.Attempt.LeavePlace();
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, third.Attempt.TryTakePlace());

        first.Attempt.LeavePlace();
        first.Attempt.LeavePlace();
        Assert.Equal(WebSocketHandshakeError.None, sameAddress.Attempt.TryTakePlace());
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, third.Attempt.TryTakePlace());
    }

    [Fact]
    public void A_connection_leaves_the_place_that_was_handed_over_to_it()
    {
        WebSocketAcceptorOptions options = Options with { MaxConnectionsPerAddress = 1, TrustUnixSocketProxies = true };
        var handshake = new Handshake(options, Head("X-Forwarded-For: 192.0.2.1"));
        var next = new Handshake(handshake.Server, Head("X-Forwarded-For: 192.0.2.1"));
        Assert.Equal(WebSocketHandshakeError.None, handshake.Take(UpgradeSteps.Check));
        var connection = UpgradeResponses.Connect(
            handshake.Attempt, handshake.Attempt.Transport, WebSocketUpgradeAcceptance.Default, subprotocol: null, deflate: null);
        handshake.Attempt.HandOverPlace(connection);

        handshake.Attempt.LeavePlace();
        Assert.Equal(WebSocketHandshakeError.TooManyConnectionsFromAddress, next.Take(UpgradeSteps.Check));
        handshake.Server.Connections.Caps.Leave(connection);

        Assert.Equal(WebSocketHandshakeError.None, next.Attempt.TryTakePlace());
    }

    [Theory]
    [InlineData("a", WebSocketHandshakeError.None)]
    [InlineData("c", WebSocketHandshakeError.ApplicationFailed)]
    [InlineData(null, WebSocketHandshakeError.NoCommonSubprotocol)]
    [InlineData("throw", WebSocketHandshakeError.ApplicationFailed)]
    public void The_application_selects_one_of_the_offered_subprotocols(string? selected, WebSocketHandshakeError expected)
    {
        var handshake = new Handshake(
            Options with
            {
                RequireSubprotocol = true,
                SelectSubprotocol = _ => selected == "throw" ? throw new InvalidOperationException("on purpose") : selected,
            },
            Head("Sec-WebSocket-Protocol: a, b"));
        Assert.Equal(WebSocketHandshakeError.None, handshake.Take(UpgradeSteps.CheckRules));
        handshake.Attempt.Keep(Encoding.Latin1.GetBytes(handshake.Text));

        Assert.Equal(expected, UpgradeSteps.SelectSubprotocol(handshake.Attempt));
    }

    [Fact]
    public void The_head_is_kept_only_when_a_step_needs_it()
    {
        var rejected = new Handshake(Options, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var accepted = new Handshake(Options, Head());

        rejected.Take(UpgradeSteps.Check);
        accepted.Take(UpgradeSteps.Check);

        Assert.Null(rejected.Attempt.RequestIfKept);
        Assert.Throws<InvalidOperationException>(() => rejected.Attempt.Request);
        Assert.Equal("localhost", accepted.Attempt.Request.Host);
    }

    private static string Head(params string[] headers) =>
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";

    /// <summary>A request on its way through the steps, of which each is taken with the head parsed anew.</summary>
    private sealed class Handshake
    {
        public Handshake(WebSocketAcceptorOptions options, string head, WebSocketRoutes? routes = null)
            : this(new ServerContext(options, handler: null, routes is null ? null : context => routes.Build(context, server: null)), head)
        {
        }

        public Handshake(ServerContext server, string head)
        {
            Server = server;
            Text = head;
            Attempt = new UpgradeAttempt(
                server, new AddressedTransport(localEndPoint: null, remoteEndPoint: null),
                server.SettingsOn(server.Wheel, isSecure: false));
        }

        public delegate WebSocketHandshakeError Step(UpgradeAttempt attempt, ref ReceivedRequest request);

        public delegate WebSocketHandshakeError LaterStep(UpgradeAttempt attempt, in ReceivedRequest request);

        public ServerContext Server { get; }

        public string Text { get; }

        public UpgradeAttempt Attempt { get; }

        public WebSocketHandshakeError Take(Step step)
        {
            ReceivedRequest request = Received(out _);
            return step(Attempt, ref request);
        }

        public WebSocketHandshakeError TakeAfterRules(LaterStep step)
        {
            ReceivedRequest request = Received(out _);
            UpgradeSteps.CheckRules(Attempt, ref request);
            return step(Attempt, in request);
        }

        public (bool IsTaken, WebSocketHandshakeError Error) TakeAsPlain(WebSocketHandshakeError? before = null)
        {
            ReceivedRequest request = Received(out _);
            WebSocketHandshakeError error = UpgradeSteps.CheckRules(Attempt, ref request);
            error = before ?? error;
            bool isTaken = UpgradeSteps.TryTakeAsPlain(Attempt, request, ref error);
            return (isTaken, error);
        }

        private ReceivedRequest Received(out byte[] head)
        {
            head = Encoding.Latin1.GetBytes(Text);
            return new ReceivedRequest(head, HeaderLine.RoomFor(head, [])) { Profile = Attempt.Route.For(isSecure: false) };
        }
    }

    private sealed class SilentHandler : WebSocketHandler;
}
