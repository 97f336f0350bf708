using Sockeye.Memory;

namespace Sockeye.Tests;

/// <summary>Real transports at the memory limit of the process, which is zero in most of these tests.</summary>
public sealed class MemoryOverTransportsTests
{
    [Theory]
    [EachTransport]
    public async Task A_server_fails_a_message_that_needs_memory_with_1013(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind, new EchoHandler(), serverOptions: WithoutMemory(new WebSocketConnectionOptions()));
        await pair.Client.SendAsync("short");
        Assert.Equal("short", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());

        _ = pair.Client.SendAsync(Payloads.Bytes(1_000_000)).AsTask();

        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();
        Assert.Equal(WebSocketCloseCode.TryAgainLater, server.Code);
        Assert.Equal(WebSocketCloseCode.TryAgainLater, client.Code);
        Assert.Equal(
            WebSocketProtocolError.MemoryExhausted, Assert.IsType<WebSocketProtocolException>(server.Exception).Error);
    }

    [Theory]
    [EachTransport]
    public async Task A_client_fails_a_message_that_needs_memory_with_1013(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind, clientOptions: WithoutMemory(new WebSocketConnectionOptions()));

        _ = pair.Server.SendAsync(Payloads.Bytes(1_000_000)).AsTask();

        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();
        Assert.Equal(WebSocketCloseCode.TryAgainLater, server.Code);
        Assert.Equal(WebSocketCloseCode.TryAgainLater, client.Code);
    }

    [Theory]
    [EachServer]
    public async Task A_server_short_of_memory_rejects_handshakes_with_503(ServerKind kind)
    {
        WebSocketHandshakeFailure? failure = null;
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            Connection = WithoutMemory(new WebSocketConnectionOptions()),
            OnHandshakeFailed = failed =>
            {
                failure = failed;
                return null;
            },
        });

        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() })
                .WithDeadline());

        Assert.Equal(503, refused.StatusCode);
        Assert.Equal(WebSocketHandshakeError.MemoryExhausted, failure?.Error);
        Assert.Equal(0, server.ConnectionCount);
    }

    [Theory]
    [EachServer]
    public async Task Memory_of_a_message_held_by_a_returned_delegate_is_released(ServerKind kind)
    {
        const int MiB = 1024 * 1024;
        WebSocketServerOptions options = Servers.OptionsOf(kind) with { Budget = new MemoryBudget() };
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            options with
            {
                Connection = options.Connection with
                {
                    Limits = options.Connection.Limits with { MaxBufferedLength = 16 * MiB },
                },
            },
            static async (connection, cancellation) =>
            {
                WebSocketMessage message = await connection.ReceiveMessageAsync(cancellation);
                await connection.SendAsync($"{message.Payload.Length}", cancellation);
            });

        for (int i = 0; i < 30; i++)
        {
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() })
                .WithDeadline();
            await client.SendAsync(new byte[1_000_000]).AsTask().WithDeadline();
            Assert.Equal("1000000", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        }
    }

    private static WebSocketConnectionOptions WithoutMemory(WebSocketConnectionOptions options) =>
        options with { Limits = options.Limits with { MaxBufferedLength = 0 } };
}
