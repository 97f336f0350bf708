using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Conflicting options of a client throw before anything is sent.</summary>
public sealed class ClientOptionConflictTests
{
    private static readonly Func<WebSocketConnectContext, CancellationToken, ValueTask<Stream>> Connect =
        static (_, _) => throw new InvalidOperationException("Not to be called.");

    private static readonly Func<WebSocketRedirect, CancellationToken, ValueTask<bool>> Redirecting = static (_, _) => new(true);

    /// <summary>A name, the options, and what the message names.</summary>
    public static TheoryData<string, WebSocketClientOptions, string, string> Conflicts => new()
    {
        { "ws://localhost:1/", new() { ConnectCallback = Connect, LocalEndPoint = Any }, "LocalEndPoint", "ConnectCallback" },
        {
            "ws://localhost:1/", new() { ConnectCallback = Connect, AddressFamily = AddressFamily.InterNetwork }, "AddressFamily",
            "ConnectCallback"
        },
        {
            "ws://localhost:1/", new() { ConnectCallback = Connect, Socket = new() { SendBufferLength = 4096 } }, "Socket",
            "ConnectCallback"
        },
        {
            "ws://localhost:1/", new() { LocalEndPoint = Any, AddressFamily = AddressFamily.InterNetworkV6 }, "LocalEndPoint",
            "AddressFamily"
        },
        { "ws://localhost:1/", new() { OnRedirecting = Redirecting }, "OnRedirecting", "MaxRedirects" },
        { "ws://localhost:1/", new() { AllowMissingSubprotocol = true }, "AllowMissingSubprotocol", "Subprotocols" },
        { "ws://localhost:1/", new() { PreAuthenticate = true }, "PreAuthenticate", "Credentials" },
        { "ws://localhost:1/", new() { Proxy = new WebProxy("http://localhost:1"), UseProxy = false }, "Proxy", "UseProxy" },
        {
            "wss://localhost:1/", new() { Tls = WithProtocols(), Http2 = WebSocketHttp2Policy.WhenOffered },
            "Tls.ApplicationProtocols", "Http2"
        },
        {
            "wss://localhost:1/", new() { Tls = WithProtocols(), Http2 = WebSocketHttp2Policy.Only }, "Tls.ApplicationProtocols",
            "Http2"
        },
        {
            "ws://localhost:1/", new() { Compression = new() { RequireClientMaxWindowBits = true } },
            "RequireClientMaxWindowBits", "WebSocketClientOptions"
        },
        { "ws://localhost:1/", new() { Tls = new() }, "Tls", "an address without TLS" },
        { "http://localhost:1/", new() { Tls = new() }, "Tls", "an address without TLS" },
        { "ws+unix:/nowhere:/", new() { Tls = new() }, "Tls", "an address without TLS" },
        { "ws+unix:/nowhere:/", new() { ConnectCallback = Connect }, "ConnectCallback", "ws+unix" },
        { "ws+unix:/nowhere:/", new() { LocalEndPoint = Any }, "LocalEndPoint", "ws+unix" },
        { "ws+unix:/nowhere:/", new() { AddressFamily = AddressFamily.InterNetwork }, "AddressFamily", "ws+unix" },
        { "ws+unix:/nowhere:/", new() { Proxy = new WebProxy("http://localhost:1") }, "Proxy", "ws+unix" },
    };

    private static IPEndPoint Any => new(IPAddress.Loopback, 0);

    [Theory]
    [MemberData(nameof(Conflicts), DisableDiscoveryEnumeration = true)]
    public async Task Conflicting_options_throw_with_both_names(
        string address, WebSocketClientOptions options, string first, string second)
    {
        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(
            () => WebSocketClient.ConnectAsync(address, options).WithDeadline());
        ArgumentException again = Assert.Throws<ArgumentException>(
            () => new WebSocketReconnectingClient(address, new WebSocketReconnectOptions { Client = options }));

        Assert.Contains(first, thrown.Message, StringComparison.Ordinal);
        Assert.Contains(second, thrown.Message, StringComparison.Ordinal);
        Assert.Equal("options", thrown.ParamName);
        Assert.Equal(thrown.Message, again.Message);
    }

    [Fact]
    public async Task Options_needed_only_after_a_redirect_do_not_conflict()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(),
            new WebSocketClientOptions { MaxRedirects = 1, Tls = TestCertificate.ForClient(), OnRedirecting = Redirecting });
    }

    [Fact]
    public void A_FirstDelay_above_MaxDelay_throws()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => new WebSocketReconnectingClient(
            "ws://localhost:1/", new WebSocketReconnectOptions { FirstDelay = TimeSpan.FromMinutes(2) }));

        Assert.Contains("FirstDelay", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("MaxDelay", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeliverFragments_without_a_handler_throws_for_a_reconnecting_client()
    {
        var options = new WebSocketReconnectOptions { Client = new() { Connection = new() { DeliverFragments = true } } };

        ArgumentException thrown =
            Assert.Throws<ArgumentException>(() => new WebSocketReconnectingClient("ws://localhost:1/", options));

        Assert.Contains("DeliverFragments", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("handler", thrown.Message, StringComparison.Ordinal);
        await using var client = new WebSocketReconnectingClient("ws://localhost:1/", options, new EchoHandler());
        Assert.Equal(WebSocketReconnectState.Idle, client.Status.State);
    }

    [Fact]
    public async Task A_MaxDelay_below_the_default_FirstDelay_is_accepted()
    {
        await using var client = new WebSocketReconnectingClient(
            "ws://localhost:1/", new WebSocketReconnectOptions { MaxDelay = TimeSpan.FromSeconds(1) });

        Assert.Equal(WebSocketReconnectState.Idle, client.Status.State);
    }

    private static SslClientAuthenticationOptions WithProtocols() =>
        new() { ApplicationProtocols = [SslApplicationProtocol.Http11] };
}
