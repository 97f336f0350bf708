namespace Sockeye.Tests;

/// <summary>How long the head of a server's answer may be.</summary>
public sealed class ResponseHeadLimitTests
{
    private const int KiB = 1024;

    [Fact]
    public void The_default_is_16_KiB() => Assert.Equal(16 * KiB, new WebSocketClientOptions().MaxResponseHeadLength);

    [Theory]
    [InlineData(KiB - 1)]
    [InlineData((1024 * KiB) + 1)]
    public void A_length_out_of_range_throws(int length) => Assert.Throws<ArgumentOutOfRangeException>(
        nameof(WebSocketClientOptions.MaxResponseHeadLength), () => new WebSocketClientOptions { MaxResponseHeadLength = length });

    [Theory]
    [EachClient(16 * KiB, 10 * KiB, WebSocketHandshakeError.None)]
    [EachClient(16 * KiB, 20 * KiB, WebSocketHandshakeError.HeadTooLong)]
    [EachClient(64 * KiB, 60 * KiB, WebSocketHandshakeError.None)]
    [EachClient((63 * KiB) + 1, 60 * KiB, WebSocketHandshakeError.None)]
    [EachClient(64 * KiB, 70 * KiB, WebSocketHandshakeError.HeadTooLong)]
    [EachClient(2 * KiB, 3 * KiB, WebSocketHandshakeError.HeadTooLong)]
    public async Task A_longer_head_fails_the_handshake_unless_the_limit_is_raised(
        ClientKind kind, int limit, int length, WebSocketHandshakeError error)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting =
            WebSocketClient.ConnectAsync(server.Address, kind.Options() with { MaxResponseHeadLength = limit });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, "Set-Cookie: a=" + new string('a', length)));

        if (error != WebSocketHandshakeError.None)
        {
            Assert.Equal(
                error, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline())).Error);
            return;
        }

        await using WebSocketConnection connection = await connecting.WithDeadline();
        Assert.Equal(length + 2, connection.Response!.Headers["Set-Cookie"]!.Length);
        connection.Abort();
    }
}
