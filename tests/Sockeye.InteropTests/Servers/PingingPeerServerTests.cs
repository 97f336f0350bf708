namespace Sockeye.Tests;

/// <summary>Sockeye's client with other servers that can send pings.</summary>
public abstract class PingingPeerServerTests : PeerServerTests
{
    [Fact]
    public async Task Ping_of_the_server_gets_a_pong_with_its_payload()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/ping"));

        await connection.SendAsync("heartbeat 漢字", Deadline.Token());
        WebSocketMessage pong = await connection.ReceiveMessageAsync(Deadline.Token());

        Assert.Equal("heartbeat 漢字", pong.GetText());
    }
}
