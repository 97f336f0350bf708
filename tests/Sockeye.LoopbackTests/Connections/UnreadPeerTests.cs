namespace Sockeye.Tests;

/// <summary>A peer that is gone while the application does not receive.</summary>
public sealed class UnreadPeerTests
{
    [Theory]
    [EachServer]
    public async Task A_ping_detects_a_reset_while_the_inbox_is_full(ServerKind kind)
    {
        WebSocketServerOptions options = Servers.OptionsOf(kind);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            options with
            {
                Connection = options.Connection with
                {
                    KeepAlive = new() { PingInterval = TimeSpan.FromSeconds(1), PongTimeout = TimeSpan.FromSeconds(1) },
                },
            },

            // Receives nothing, and does not wait for its token, which would take 30 seconds more.
            static (connection, _) => connection.Closed);
        using RawPeer peer = kind.IsSecure()
            ? await RawPeer.OpenTlsAsync(server.LocalEndPoint)
            : await RawPeer.OpenAsync(server.LocalEndPoint);
        WebSocketConnection connection = server.GetConnections().Single();
        byte[] message = Wire.Masked(RawFrame.Bytes(0x82, new byte[1000]));
        for (int i = 0; i < 100; i++)
        {
            await peer.SendAsync(message);
        }

        await Deadlines.UntilAsync(() => connection.Core.Receiver.IsReadingPaused, "reading waits for the application");
        peer.Reset();

        Assert.False((await connection.Closed.WithDeadline()).WasClean);
        await Deadlines.UntilAsync(() => server.ConnectionCount == 0, "its place is free");
    }
}
