namespace Sockeye.Tests;

/// <summary>The limits of a request's head, as a server sets them.</summary>
public sealed class HandshakeLimitsTests
{
    private const int KiB = 1024;

    private static readonly HandshakeLimitOptions Raised = new()
    {
        MaxRequestLineLength = 40 * KiB,
        MaxHeaderLineLength = 50 * KiB,
        MaxHeadLength = 200 * KiB,
        MaxHeaderCount = 500,
    };

    [Fact]
    public void Defaults_are_8_KiB_a_line_16_KiB_a_head_and_64_headers()
    {
        HandshakeLimitOptions limits = new WebSocketServerOptions().HandshakeLimits;

        Assert.Equal(8 * KiB, limits.MaxRequestLineLength);
        Assert.Equal(8 * KiB, limits.MaxHeaderLineLength);
        Assert.Equal(16 * KiB, limits.MaxHeadLength);
        Assert.Equal(64, limits.MaxHeaderCount);
    }

    [Theory]
    [InlineData(255)]
    [InlineData((1024 * KiB) + 1)]
    [InlineData(-1)]
    public void A_length_out_of_range_throws(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            nameof(HandshakeLimitOptions.MaxRequestLineLength), () => new HandshakeLimitOptions { MaxRequestLineLength = length });
        Assert.Throws<ArgumentOutOfRangeException>(
            nameof(HandshakeLimitOptions.MaxHeaderLineLength), () => new HandshakeLimitOptions { MaxHeaderLineLength = length });
        Assert.Throws<ArgumentOutOfRangeException>(
            nameof(HandshakeLimitOptions.MaxHeadLength), () => new HandshakeLimitOptions { MaxHeadLength = length });
    }

    [Theory]
    [InlineData(4)]
    [InlineData(10_001)]
    public void A_count_out_of_range_throws(int count) => Assert.Throws<ArgumentOutOfRangeException>(
        nameof(HandshakeLimitOptions.MaxHeaderCount), () => new HandshakeLimitOptions { MaxHeaderCount = count });

    [Fact]
    public void Null_limits_throw() => Assert.Throws<ArgumentNullException>(
        nameof(WebSocketServerOptions.HandshakeLimits), () => new WebSocketServerOptions { HandshakeLimits = null! });

    [Theory]
    [EachServer(false)]
    [EachServer(true)]
    public async Task A_head_within_raised_limits_can_be_read_during_and_after_the_callback(ServerKind kind, bool isLate)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            HandshakeLimits = Raised,
            OnUpgrade = async (request, _) =>
            {
                if (isLate)
                {
                    await Task.Yield();
                }

                return new WebSocketUpgradeAcceptance { UserState = request.Headers.Count };
            },
        });
        using RawPeer client = await ConnectAsync(kind, server);
        string[] many = [.. Enumerable.Range(0, 490).Select(number => $"X-{number}: {number}")];

        await client.SendAsync(RawPeer.Request(
            "/?" + new string('q', 39 * KiB), ["Authorization: Bearer " + new string('t', 49 * KiB), .. many]));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await Deadlines.UntilAsync(() => server.ConnectionCount == 1, "the connection is listed");
        WebSocketConnection connection = Assert.Single(server.GetConnections());
        Assert.Equal(496, connection.UserState);
        Assert.Equal(39 * KiB, connection.Request!.Query.Length);
        Assert.Equal("489", connection.Request.Headers["x-489"]);
        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer("request line", 414)]
    [EachServer("header line", 431)]
    [EachServer("count", 431)]
    [EachServer("head", 431)]
    public async Task A_head_beyond_raised_limits_is_rejected(ServerKind kind, string what, int status)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { HandshakeLimits = Raised });
        using RawPeer client = await ConnectAsync(kind, server);
        string request = what switch
        {
            "request line" => RawPeer.Request("/" + new string('q', 40 * KiB)),
            "header line" => RawPeer.Request("/", "X: " + new string('x', 50 * KiB)),
            "count" => RawPeer.Request("/", [.. Enumerable.Repeat("X: y", 496)]),
            _ => RawPeer.Request("/", [.. Enumerable.Repeat("X: " + new string('x', 49 * KiB), 5)]),
        };

        Task<string> answer = client.ReadToEndAsync();
        try
        {
            await client.SendAsync(request);
        }
        catch (IOException)
        {
            // Refused before all of it was sent.
        }

        Assert.StartsWith($"HTTP/1.1 {status} ", await answer, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("X: y", 101, IsPlain = true)]
    [EachServer("X: y\r\nX: y", 431, IsPlain = true)]
    public async Task Limits_can_be_lowered(ServerKind kind, string lines, int status)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(kind) with { HandshakeLimits = new HandshakeLimitOptions { MaxHeaderCount = 6 } });
        using RawPeer client = await ConnectAsync(kind, server);

        await client.SendAsync(RawPeer.Request("/", lines));

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    private static Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) => kind.IsSecure()
        ? RawPeer.ConnectTlsAsync(server.LocalEndPoint)
        : RawPeer.ConnectAsync(server.LocalEndPoint);
}
