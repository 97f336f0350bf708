namespace Sockeye.Tests;

public sealed class DotnetClientTests : FragmentingPeerClientTests
{
    /// <summary>ClientWebSocket sends the next ping only when the last was answered with its own payload.</summary>
    [Fact]
    public async Task Keep_alive_pings_of_the_client_get_pongs()
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At("/three-pings"), "closed", "hold on");

        Assert.Equal(1000, report.Close?.Code);
        Assert.True((await server.NextCloseAsync()).WasClean);
    }

    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(new DotnetPeerClient());
}
