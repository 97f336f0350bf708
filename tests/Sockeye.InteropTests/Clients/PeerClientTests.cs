namespace Sockeye.Tests;

/// <summary>Sockeye's server with other clients: what every client can do.</summary>
public abstract class PeerClientTests
{
    [Theory]
    [InlineData("/echo", false)]
    [InlineData("/handler", false)]
    [InlineData("/echo", true)]
    [InlineData("/handler", true)]
    public async Task Messages_of_every_length_come_back(string path, bool isPortable)
    {
        await using SockeyeServer server = await StartServerAsync(isPortable: isPortable);

        PeerReport report = await RunAsync(server.At(path), "echo", PeerPayloads.Sizes);

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.Sizes), report.Messages);
        Assert.Equal(1000, report.Close?.Code);
        WebSocketCloseResult closed = await server.NextCloseAsync();
        Assert.Equal(WebSocketCloseCode.NormalClosure, closed.Code);
        Assert.True(closed.WasClean);
    }

    [Fact]
    public async Task Fragments_of_the_server_arrive_as_one_message()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/fragments"), "echo", PeerPayloads.FragmentedSizes);

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), report.Messages);
        Assert.True(report.FewestFrames is null or >= 3, $"a message came in {report.FewestFrames} frames");
    }

    [Fact]
    public async Task Ping_of_the_server_gets_a_pong_and_a_round_trip_time()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/ping"), "pinged", "are you there?");

        Assert.Equal("pong", Assert.Single(report.Messages).Text);
        Assert.True(await server.NextRoundTripAsync() > TimeSpan.Zero);
    }

    [Fact]
    public async Task Both_ends_get_code_and_reason_when_the_client_closes()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/echo"), "close", "4001", "Auf Wiedersehen, 漢字");

        WebSocketCloseResult closed = await server.NextCloseAsync();
        Assert.Equal(4001, (int)closed.Code);
        Assert.Equal("Auf Wiedersehen, 漢字", closed.Reason);
        Assert.Equal(WebSocketCloseInitiator.Peer, closed.Initiator);
        Assert.True(closed.WasClean);
        Assert.Equal(4001, report.Close?.Code);
    }

    [Fact]
    public async Task Both_ends_get_code_and_reason_when_the_server_closes()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/close"), "closed", "4002 Bis später, 😀");

        Assert.Equal(new PeerClose(4002, "Bis später, 😀"), report.Close);
        WebSocketCloseResult closed = await server.NextCloseAsync();
        Assert.Equal(WebSocketCloseInitiator.Local, closed.Initiator);
        Assert.True(closed.WasClean);
    }

    [Fact]
    public async Task Both_ends_negotiate_a_subprotocol()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/subprotocol"), "subprotocol", "chat.v9", "chat.v1");

        Assert.Equal("chat.v1", report.Subprotocol);
        Assert.Equal("chat.v1", Assert.Single(report.Messages).Text);
    }

    private protected abstract Task<PeerClient> PeerAsync();

    private protected async Task<SockeyeServer> StartServerAsync(
        bool deliverFragments = false, bool isPortable = false) =>
        await SockeyeServer.StartAsync((await PeerAsync()).Origin, deliverFragments, isPortable);

    private protected async Task<PeerReport> RunAsync(Uri address, string scenario, params string[] arguments) =>
        Succeeded(await (await PeerAsync()).RunAsync(address, scenario, arguments));

    private protected async Task<PeerReport> RunAsync(Uri address, string scenario, int[] sizes) =>
        Succeeded(await (await PeerAsync()).RunAsync(address, scenario, sizes));

    private static PeerReport Succeeded(PeerReport report)
    {
        Assert.Null(report.Error);
        return report;
    }
}
