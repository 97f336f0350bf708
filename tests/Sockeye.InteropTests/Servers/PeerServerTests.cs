using System.Text;

namespace Sockeye.Tests;

/// <summary>Sockeye's client with other servers.</summary>
public abstract class PeerServerTests
{
    [Fact]
    public async Task Messages_of_every_length_come_back()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/echo"));

        Task sending = SendAllAsync(connection, PeerPayloads.Sizes);
        List<PeerMessage> received = await ReceiveAsync(connection, 2 * PeerPayloads.Sizes.Length);
        await sending;
        WebSocketCloseResult closed = await connection.CloseAsync(cancellationToken: Deadline.Token());

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.Sizes), received);
        Assert.True(closed.WasClean);
        Assert.Equal(1000, (await server.NextCloseAsync()).Code);
    }

    [Fact]
    public async Task Fragments_of_the_client_arrive_as_one_message()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/echo"));

        foreach (int size in PeerPayloads.FragmentedSizes)
        {
            await SendInThirdsAsync(connection, PeerPayloads.Text(size), WebSocketMessageKind.Text);
            await SendInThirdsAsync(connection, PeerPayloads.Binary(size), WebSocketMessageKind.Binary);
        }

        List<PeerMessage> received = await ReceiveAsync(connection, 2 * PeerPayloads.FragmentedSizes.Length);
        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), received);
    }

    [Fact]
    public async Task Fragments_of_the_server_arrive_as_one_message()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/fragments"));

        Task sending = SendAllAsync(connection, PeerPayloads.FragmentedSizes);
        List<PeerMessage> received = await ReceiveAsync(connection, 2 * PeerPayloads.FragmentedSizes.Length);
        await sending;

        Assert.Equal(PeerMessage.OfSizes(PeerPayloads.FragmentedSizes), received);
    }

    [Fact]
    public async Task Ping_of_the_client_gets_a_pong_and_a_round_trip_time()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/echo"));

        TimeSpan roundTrip = await connection.PingAsync(Deadline.Token());

        Assert.True(roundTrip > TimeSpan.Zero);
        Assert.Equal(roundTrip, connection.RoundTripTime);
    }

    [Fact]
    public async Task Both_ends_get_code_and_reason_when_the_client_closes()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/echo"));

        WebSocketCloseResult closed =
            await connection.CloseAsync((WebSocketCloseCode)4001, "Auf Wiedersehen, 漢字", Deadline.Token());

        Assert.Equal(new PeerClose(4001, "Auf Wiedersehen, 漢字"), await server.NextCloseAsync());
        Assert.Equal(WebSocketCloseInitiator.Local, closed.Initiator);
        Assert.True(closed.WasClean);
    }

    [Fact]
    public async Task Both_ends_get_code_and_reason_when_the_server_closes()
    {
        await using PeerServer server = await StartServerAsync();
        await using WebSocketConnection connection = await ConnectAsync(server.At("/close"));

        await connection.SendAsync("4002 Bis später, 😀", Deadline.Token());
        Assert.Null(await connection.ReceiveAsync(Deadline.Token()));
        WebSocketCloseResult end = await connection.Closed;

        Assert.Equal(4002, (int)end.Code);
        Assert.Equal("Bis später, 😀", end.Reason);
        Assert.Equal(WebSocketCloseInitiator.Peer, end.Initiator);
        Assert.True(end.WasClean);
        await server.NextCloseAsync();
    }

    [Fact]
    public async Task Both_ends_negotiate_a_subprotocol()
    {
        await using PeerServer server = await StartServerAsync();
        WebSocketClientOptions options = new() { Subprotocols = ["chat.v9", "chat.v1"] };

        await using WebSocketConnection connection = await ConnectAsync(server.At("/subprotocol"), options);
        WebSocketMessage chosen = await connection.ReceiveMessageAsync(Deadline.Token());

        Assert.Equal("chat.v1", connection.Subprotocol);
        Assert.Equal("chat.v1", chosen.GetText());
    }

    private protected abstract Task<PeerServer> StartServerAsync();

    private protected static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketClientOptions? options = null) =>
        WebSocketClient.ConnectAsync(address, options, Deadline.Token());

    private static async Task SendAllAsync(WebSocketConnection connection, int[] sizes)
    {
        foreach (int size in sizes)
        {
            await connection.SendAsync(Encoding.UTF8.GetString(PeerPayloads.Text(size)), Deadline.Token());
            await connection.SendAsync(PeerPayloads.Binary(size), WebSocketMessageKind.Binary, Deadline.Token());
        }
    }

    private static async Task SendInThirdsAsync(
        WebSocketConnection connection, byte[] payload, WebSocketMessageKind kind)
    {
        await using WebSocketMessageWriter writer = connection.BeginMessage(kind);
        foreach (ReadOnlyMemory<byte> piece in PeerPayloads.Thirds(payload))
        {
            await writer.WriteAsync(piece, Deadline.Token());
        }

        await writer.CompleteAsync(Deadline.Token());
    }

    private static async Task<List<PeerMessage>> ReceiveAsync(WebSocketConnection connection, int count)
    {
        List<PeerMessage> messages = [];
        while (messages.Count < count)
        {
            WebSocketMessage message = await connection.ReceiveMessageAsync(Deadline.Token());
            messages.Add(message.Kind == WebSocketMessageKind.Text
                ? PeerMessage.OfText(message.Payload.Span)
                : PeerMessage.OfBinary(message.Payload.Span));
        }

        return messages;
    }
}
