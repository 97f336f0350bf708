using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace Sockeye.Tests;

/// <summary>YARP, a reverse proxy in an application: in one that uses the drop-in, and in front of one.</summary>
public sealed class YarpTests
{
    public static TheoryData<Stack, Stack> Pairs() => new()
    {
        { Stack.Stock, Stack.Stock }, { Stack.Stock, Stack.Sockeye }, { Stack.Sockeye, Stack.Stock }, { Stack.Sockeye, Stack.Sockeye },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Messages_go_through_the_proxy_both_ways(Stack proxy, Stack backend)
    {
        await using SocketApp behind = await SocketApp.StartAsync(backend);
        await using SocketApp front = await ProxyAsync(proxy, behind);
        using ClientWebSocket client = await ConnectAsync(front);
        Assert.Equal(backend == Stack.Sockeye ? 1 : 0, behind.Acceptor.ConnectionCount);
        byte[] text = Encoding.UTF8.GetBytes("aé€漢😀");
        byte[] binary = new byte[1024 * 1024];
        new Random(1).NextBytes(binary);

        await client.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, Deadline.Token());
        await AssertNextAsync(client, WebSocketMessageType.Text, text);
        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync(binary, WebSocketMessageType.Binary, endOfMessage: true, Deadline.Token());
            await AssertNextAsync(client, WebSocketMessageType.Binary, binary);
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Close_codes_go_through_the_proxy_both_ways(Stack proxy, Stack backend)
    {
        await using SocketApp behind = await SocketApp.StartAsync(backend);
        await using SocketApp front = await ProxyAsync(proxy, behind);

        using ClientWebSocket closing = await ConnectAsync(front);
        await closing.CloseAsync((WebSocketCloseStatus)4001, "from the client", Deadline.Token());
        Assert.Equal((4001, "from the client"), await behind.ClosedAsync());
        Assert.Equal(((WebSocketCloseStatus)4001, "from the client"), (closing.CloseStatus, closing.CloseStatusDescription));

        using ClientWebSocket closed = await ConnectAsync(front);
        await closed.SendAsync("close 4002 from the server"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Deadline.Token());
        await ReadAsync(closed);
        await closed.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        Assert.Equal(((WebSocketCloseStatus)4002, "from the server"), (closed.CloseStatus, closed.CloseStatusDescription));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_that_disconnects_from_the_proxy_ends_the_connection_behind_it(Stack proxy, Stack backend)
    {
        await using SocketApp behind = await SocketApp.StartAsync(backend);
        await using SocketApp front = await ProxyAsync(proxy, behind);
        using ClientWebSocket client = await ConnectAsync(front);
        await client.SendAsync("here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Deadline.Token());
        await ReadAsync(client);

        client.Abort();

        await Deadlines.UntilAsync(() => behind.Acceptor.ConnectionCount == 0, "the end of the connection behind the proxy");
    }

    private static Task<SocketApp> ProxyAsync(Stack stack, SocketApp behind) => SocketApp.StartAsync(
        stack,
        static app => app.MapReverseProxy(),
        builder => builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "behind", Match = new RouteMatch { Path = "/behind/{**path}" },
                Transforms = [new Dictionary<string, string> { ["PathRemovePrefix"] = "/behind" }] }],
            [new ClusterConfig
            {
                ClusterId = "behind",
                Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = behind.Address.AbsoluteUri } },
            }]));

    private static async Task<ClientWebSocket> ConnectAsync(SocketApp front)
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("chat");
        await client.ConnectAsync(new UriBuilder(front.Echo) { Path = "/behind/echo" }.Uri, Deadline.Token());
        Assert.Equal("chat", client.SubProtocol);
        return client;
    }

    private static async Task AssertNextAsync(WebSocket socket, WebSocketMessageType type, byte[] message)
    {
        (WebSocketMessageType receivedType, byte[] received) = await ReadAsync(socket);
        Assert.Equal(type, receivedType);
        Assert.Equal(message, received);
    }

    private static async Task<(WebSocketMessageType Type, byte[] Message)> ReadAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer.AsMemory(), Deadline.Token());
            message.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return (result.MessageType, message.ToArray());
    }
}
