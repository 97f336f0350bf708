namespace Sockeye.Tests;

/// <summary>Sockeye's server with other clients that can send pings.</summary>
public abstract class PingingPeerClientTests : FragmentingPeerClientTests
{
    [Theory]
    [InlineData("/echo")]
    [InlineData("/handler")]
    public async Task Ping_of_the_client_gets_a_pong_with_its_payload(string path)
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At(path), "ping", "heartbeat 漢字");

        Assert.Equal("heartbeat 漢字", report.Pong);
    }
}
