using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sockeye.Hosting;

namespace Sockeye.Tests;

/// <summary>Any service can send to the connections that the application accepted.</summary>
public sealed class ConnectionsTests
{
    [Fact]
    public async Task A_service_lists_the_connections_and_every_broadcast_reaches_them()
    {
        using IHost host = await Hosts.StartAsync(services => services.AddSockeye().AddSingleton<Announcer>());
        IWebSocketConnections connections = host.Services.GetRequiredService<Announcer>().Connections;
        using var port = new AcceptingPort(host.Services.GetRequiredService<WebSocketAcceptor>());
        Assert.Equal(0, connections.Count);
        Assert.Equal(0, connections.Broadcast("nobody hears this"));
        await using WebSocketConnection one = await port.ConnectAsync();
        await using WebSocketConnection other = await port.ConnectAsync();
        await Deadlines.UntilAsync(() => connections.Count == 2, "both are open");
        WebSocketConnection[] listed = [.. connections.GetConnections()];
        Assert.Equal(2, listed.Length);

        bool IsFirst(WebSocketConnection connection) => connection == listed[0];
        var message = WebSocketPreparedMessage.Text("prepared");
        byte[] bytes = "bytes"u8.ToArray();
        Assert.Equal(2, connections.Broadcast("text"));
        Assert.Equal(1, connections.Broadcast("text", IsFirst));
        Assert.Equal(2, connections.Broadcast(bytes));
        Assert.Equal(1, connections.Broadcast(bytes, WebSocketMessageKind.Text, IsFirst));
        Assert.Equal(2, connections.Broadcast(message));
        Assert.Equal(1, connections.Broadcast(message, new WebSocketSendOptions { Compress = false }, IsFirst));
        Assert.Equal(2, await connections.BroadcastAsync("text"));
        Assert.Equal(1, await connections.BroadcastAsync("text", IsFirst));
        Assert.Equal(2, await connections.BroadcastAsync("text", CancellationToken.None));
        Assert.Equal(2, await connections.BroadcastAsync(message));
        Assert.Equal(2, await connections.BroadcastAsync(message, CancellationToken.None));
        Assert.Equal(1, await connections.BroadcastAsync(message, new WebSocketSendOptions { Compress = false }, IsFirst));
        Assert.Equal(2, await connections.BroadcastAsync(bytes, WebSocketMessageKind.Text));
        Assert.Equal(2, await connections.BroadcastAsync(bytes, WebSocketMessageKind.Text, CancellationToken.None));

        string[] toBoth = ["text", "bytes", "prepared", "text", "text", "prepared", "prepared", "bytes", "bytes"];
        string[] toFirst =
            ["text", "text", "bytes", "bytes", "prepared", "prepared", "text", "text", "text", "prepared", "prepared", "prepared", "bytes", "bytes"];
        string[][] received = [await ReceiveAllAsync(one, host), await ReceiveAllAsync(other, host)];
        Assert.Equal([toBoth, toFirst], received.OrderBy(texts => texts.Length));
    }

    [Fact]
    public async Task A_fake_needs_four_members()
    {
        IWebSocketConnections fake = new Fake();

        Assert.Equal(1, fake.Broadcast("a"));
        Assert.Equal(1, await fake.BroadcastAsync("b"u8, WebSocketMessageKind.Text));
        Assert.Equal(["a", "b"], ((Fake)fake).Sent);
    }

    // The stop of the host ends what there is to receive.
    private static async Task<string[]> ReceiveAllAsync(WebSocketConnection connection, IHost host)
    {
        Task stopping = host.StopAsync();
        List<string> texts = [];
        await foreach (WebSocketMessage message in connection.ReadAllAsync())
        {
            texts.Add(Encoding.UTF8.GetString(message.Payload.Span));
        }

        await stopping.WithDeadline();
        return [.. texts];
    }

    private sealed class Announcer(IWebSocketConnections connections)
    {
        public IWebSocketConnections Connections => connections;
    }

    private sealed class Fake : IWebSocketConnections
    {
        public List<string> Sent { get; } = [];

        public int Count => 1;

        public IReadOnlyCollection<WebSocketConnection> GetConnections() => [];

        public int Broadcast(
            WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null)
        {
            Sent.Add(Encoding.UTF8.GetString(message.Payload.Span));
            return 1;
        }

        public Task<int> BroadcastAsync(
            WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null,
            CancellationToken cancellationToken = default) =>
            Task.FromResult(Broadcast(message, options, where));
    }
}
