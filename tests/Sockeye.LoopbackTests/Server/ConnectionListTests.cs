namespace Sockeye.Tests;

/// <summary>The connections that a server lists.</summary>
public sealed class ConnectionListTests
{
    [Theory]
    [EachServer]
    public async Task Each_open_connection_is_listed_once(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        Assert.Empty(server.GetConnections());
        using RawPeer one = await OpenAsync(kind, server, "/one");
        using RawPeer other = await OpenAsync(kind, server, "/other");

        Assert.Equal(["/one", "/other"], server.GetConnections().Select(connection => connection.Request!.Path).Order());
        Assert.Equal(2, server.ConnectionCount);
    }

    [Theory]
    [EachServer(true)]
    [EachServer(false)]
    public async Task A_connection_aborted_by_either_end_is_not_listed(ServerKind kind, bool byServer)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await OpenAsync(kind, server, "/");
        WebSocketConnection connection = Assert.Single(server.GetConnections());

        if (byServer)
        {
            connection.Abort();
        }
        else
        {
            client.Reset();
        }

        await connection.Closed.WithDeadline();
        Assert.Empty(server.GetConnections());
        Assert.Equal(0, server.ConnectionCount);
    }

    [Theory]
    [EachServer(true)]
    [EachServer(false)]
    public async Task A_connection_closed_by_either_end_is_not_listed(ServerKind kind, bool byServer)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer client = await OpenAsync(kind, server, "/");
        WebSocketConnection connection = Assert.Single(server.GetConnections());

        Task closing = byServer ? connection.CloseAsync().AsTask() : Task.CompletedTask;
        await client.SendMaskedAsync(RawFrame.Close, 0x03, 0xE8);
        Assert.Equal(1000, (await client.ReadFrameAsync()).CloseCode);
        client.Dispose();

        await closing.WithDeadline();
        Assert.True((await connection.Closed.WithDeadline()).WasClean);
        Assert.Empty(server.GetConnections());
    }

    private static async Task<RawPeer> OpenAsync(ServerKind kind, WebSocketServer server, string path)
    {
        RawPeer client = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request(path));
        await client.ReadHeadAsync();
        return client;
    }
}
