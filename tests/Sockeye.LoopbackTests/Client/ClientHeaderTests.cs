namespace Sockeye.Tests;

public sealed class ClientHeaderTests
{
    // RFC 9110 §5.5: obs-text, which older servers read as Latin-1.
    [Fact]
    public async Task A_header_beyond_ASCII_is_sent_as_Latin1()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { RequestHeaders = [new("X-A", "caf\u00E9")] });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal("caf\u00E9", RawServer.Header(request, "X-A"));
        client.Abort();
    }

    [Theory]
    [InlineData("Content-Type")]
    [InlineData("Expires")]
    [InlineData("allow")]
    public void A_content_header_throws_instead_of_being_dropped(string name)
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(
            () => new WebSocketClientOptions { RequestHeaders = [new(name, "x")] });

        Assert.Contains(name, thrown.Message, StringComparison.Ordinal);
    }
}
