namespace Sockeye.Tests;

/// <summary>
/// The peers among themselves, without Sockeye: where one of these fails, a peer or its script is at fault. Every script
/// talks to System.Net.WebSockets.
/// </summary>
public sealed class PeerSelfTests
{
    [Fact]
    public Task Ws_client_runs_every_scenario() => RunClientAsync(ScriptPeer.Ws, canPing: true);

    [Fact]
    public Task WebSocketNode_client_runs_every_scenario() => RunClientAsync(ScriptPeer.WebSocketNode, canPing: true);

    [Fact]
    public Task Python_client_runs_every_scenario() => RunClientAsync(ScriptPeer.Python, canPing: true);

    [Fact]
    public async Task Browser_runs_every_scenario()
    {
        await using BrowserPeerClient browser = await BrowserPeerClient.StartAsync();

        await RunClientAsync(browser, canPing: false);
    }

    [Fact]
    public async Task Ws_server_has_every_path() => await RunServerAsync(await ScriptPeer.Ws.StartServerAsync());

    [Fact]
    public async Task WebSocketNode_server_has_every_path() =>
        await RunServerAsync(await ScriptPeer.WebSocketNode.StartServerAsync());

    [Fact]
    public async Task Python_server_has_every_path() => await RunServerAsync(await ScriptPeer.Python.StartServerAsync());

    [Fact]
    public async Task Kestrel_server_has_every_path() => await RunServerAsync(await KestrelPeerServer.StartAsync());

    private static async Task RunClientAsync(PeerClient client, bool canPing)
    {
        await using PeerServer server = await KestrelPeerServer.StartAsync();

        if (canPing)
        {
            PeerReport fragments =
                await client.RunAsync(server.At("/echo"), "fragments", PeerPayloads.FragmentedSizes);
            PeerReport ping = await client.RunAsync(server.At("/echo"), "ping", "heartbeat");

            Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), fragments.Messages);
            Assert.Equal("heartbeat", ping.Pong);
            await server.NextCloseAsync();
            await server.NextCloseAsync();
        }

        await RunAsync(client, server);
    }

    private static async Task RunServerAsync(PeerServer server)
    {
        await using PeerServer disposed = server;

        await RunAsync(new DotnetPeerClient(), server);
    }

    private static async Task RunAsync(PeerClient client, PeerServer server)
    {
        PeerReport echo = await client.RunAsync(server.At("/echo"), "echo", PeerPayloads.Sizes);
        await server.NextCloseAsync();
        PeerReport inFragments = await client.RunAsync(server.At("/fragments"), "echo", PeerPayloads.FragmentedSizes);
        await server.NextCloseAsync();
        PeerReport subprotocol = await client.RunAsync(
            server.At("/subprotocol"), "subprotocol", "chat.v9", "chat.v1");
        await server.NextCloseAsync();
        PeerReport closed = await client.RunAsync(server.At("/close"), "closed", "4002 Bis später");
        await server.NextCloseAsync();
        await client.RunAsync(server.At("/echo"), "close", "4001", "Auf Wiedersehen");
        PeerClose closeSeen = await server.NextCloseAsync();

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.Sizes), echo.Messages);
        Assert.Equal(1000, echo.Close?.Code);
        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), inFragments.Messages);
        Assert.Equal("chat.v1", subprotocol.Subprotocol);
        Assert.Equal("chat.v1", Assert.Single(subprotocol.Messages).Text);
        Assert.Equal(new PeerClose(4002, "Bis später"), closed.Close);
        Assert.Equal(new PeerClose(4001, "Auf Wiedersehen"), closeSeen);
    }
}
