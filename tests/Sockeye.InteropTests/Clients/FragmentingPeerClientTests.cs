namespace Sockeye.Tests;

/// <summary>Sockeye's server with other clients that can send fragments.</summary>
public abstract class FragmentingPeerClientTests : PeerClientTests
{
    [Theory]
    [InlineData("/echo")]
    [InlineData("/handler")]
    public async Task Fragments_of_the_client_arrive_as_one_message(string path)
    {
        await using SockeyeServer server = await StartServerAsync();

        PeerReport report = await RunAsync(server.At(path), "fragments", PeerPayloads.FragmentedSizes);

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), report.Messages);
    }

    [Fact]
    public async Task Fragments_of_the_client_can_be_received_one_by_one()
    {
        await using SockeyeServer server = await StartServerAsync(deliverFragments: true);

        PeerReport report = await RunAsync(server.At("/pieces"), "fragments", PeerPayloads.FragmentedSizes);

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), report.Messages);
        foreach (PeerMessage message in report.Messages)
        {
            int pieces = await server.NextPieceCountAsync();
            Assert.True(pieces >= 3, $"{message.Length} bytes came in {pieces} pieces");
        }
    }
}
