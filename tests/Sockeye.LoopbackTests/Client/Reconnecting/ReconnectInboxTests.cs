using System.Text;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Messages that a reconnecting client received on ended connections, before the application received them.</summary>
public sealed class ReconnectInboxTests : IDisposable
{
    private const int MaxConnections = 16;

    private readonly RawServer _server = new();
    private readonly CapturingLoggerFactory _log = new();

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Unreceived_messages_of_ended_connections_are_delivered_first_and_in_order(bool isReset)
    {
        await using WebSocketReconnectingClient client = Create();
        _ = client.StartAsync();
        for (int i = 0; i < 5; i++)
        {
            await SendAndEndAsync($"{i}a", $"{i}b", isReset);
        }

        using RawPeer last = await _server.OpenAsync();
        await last.SendAsync(Text("last"));

        Assert.Equal(
            ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b", "last"], await ReceiveAsync(client, count: 11));
        last.Reset();
    }

    [Fact]
    public async Task A_busy_application_gets_all_messages_of_a_connection_before_the_next_connection()
    {
        await using WebSocketReconnectingClient client = Create();
        _ = client.StartAsync();
        using RawPeer first = await _server.OpenAsync();
        await first.SendAsync(Text("one"));
        await using IAsyncEnumerator<WebSocketMessage> messages = client.ReadAllAsync().GetAsyncEnumerator();
        Assert.True(await messages.MoveNextAsync().WithDeadline());

        await first.SendAsync((byte[])[.. Text("two"), .. Text("three"), .. Closing]);
        await first.ReadFrameAsync();
        await SendAndEndAsync("four", "five", isReset: false);
        await SendAndEndAsync("six", "seven", isReset: false);
        using RawPeer last = await _server.OpenAsync();
        List<string> received = [messages.Current.GetText()];
        for (int i = 0; i < 6; i++)
        {
            Assert.True(await messages.MoveNextAsync().WithDeadline());
            received.Add(messages.Current.GetText());
        }

        Assert.Equal(["one", "two", "three", "four", "five", "six", "seven"], received);
        last.Reset();
    }

    [Fact]
    public async Task No_attempt_is_made_while_16_ended_connections_hold_messages()
    {
        await using WebSocketReconnectingClient client = Create();
        _ = client.StartAsync();
        for (int i = 0; i < MaxConnections; i++)
        {
            await SendAndEndAsync($"{i}a", $"{i}b", isReset: true);
        }

        await Deadlines.UntilAsync(() => Logged(403), "the client waits for the application");
        Assert.False(_server.HasPending);
        Assert.Equal(WebSocketReconnectState.Waiting, client.Status.State);
        Task<List<string>> receiving = ReceiveAsync(client, count: (2 * MaxConnections) + 1);
        using RawPeer last = await _server.OpenAsync();
        await last.SendAsync(Text("last"));

        List<string> expected = [.. Enumerable.Range(0, MaxConnections).SelectMany(i => new[] { $"{i}a", $"{i}b" }), "last"];
        Assert.Equal(expected, await receiving);
        Assert.False(Logged(404));
        last.Reset();
    }

    [Fact]
    public async Task A_client_waiting_for_its_application_can_be_closed()
    {
        await using WebSocketReconnectingClient client = Create();
        _ = client.StartAsync();
        for (int i = 0; i < MaxConnections; i++)
        {
            await SendAndEndAsync("a", "b", isReset: true);
        }

        await Deadlines.UntilAsync(() => Logged(403), "the client waits for the application");
        await client.CloseAsync().WithDeadline();

        Assert.Equal(2 * MaxConnections, (await ReceiveAsync(client, int.MaxValue)).Count);
    }

    [Fact]
    public async Task A_send_only_application_reconnects_and_drops_messages_of_the_oldest_connection()
    {
        await using WebSocketReconnectingClient client = Create();
        _ = client.StartAsync();
        for (int i = 0; i < MaxConnections; i++)
        {
            await SendAndEndAsync($"{i}a", $"{i}b", isReset: true);
        }

        await Deadlines.UntilAsync(() => Logged(403), "the client waits for the application");
        Task sending = client.SendAsync("hello").AsTask();
        using RawPeer last = await _server.OpenAsync();
        await sending.WithDeadline();
        await last.SendAsync(Text("last"));

        Assert.Equal("hello", (await last.ReadFrameAsync()).PayloadText);
        Assert.True(Logged(404));
        List<string> expected = [.. Enumerable.Range(1, MaxConnections - 1).SelectMany(i => new[] { $"{i}a", $"{i}b" }), "last"];
        Assert.Equal(expected, await ReceiveAsync(client, expected.Count));
        last.Reset();
    }

    [Fact]
    public async Task A_handler_that_receives_gets_all_messages_of_each_connection()
    {
        var begin = new TaskCompletionSource();
        List<string> received = [];
        var handler = WebSocketHandler.FromDelegate(async (connection, cancellation) =>
        {
            await begin.Task;
            await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
            {
                lock (received)
                {
                    received.Add(message.GetText());
                }
            }
        });
        await using var client = new WebSocketReconnectingClient(_server.Address, Options(), handler);
        _ = client.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            using RawPeer peer = await _server.OpenAsync();
            await peer.SendAsync((byte[])[.. Text($"{i}a"), .. Text($"{i}b")]);
            await Deadlines.UntilAsync(() => client.Connection?.Core.Pull?.WaitingCount == 2, "both messages");
            peer.Reset();
        }

        using RawPeer last = await _server.OpenAsync();
        begin.SetResult();
        await Deadlines.UntilAsync(() => Count() == 6, "all messages");

        Assert.Equal(["0a", "0b", "1a", "1b", "2a", "2b"], received.Order());
        last.Reset();

        int Count()
        {
            lock (received)
            {
                return received.Count;
            }
        }
    }

    private static byte[] Closing => RawFrame.Bytes(RawFrame.Close, 0x03, 0xE9);

    private static byte[] Text(string text) => RawFrame.Bytes(RawFrame.Text, Encoding.ASCII.GetBytes(text));

    private static async Task<List<string>> ReceiveAsync(WebSocketReconnectingClient client, int count)
    {
        List<string> received = [];
        await using IAsyncEnumerator<WebSocketMessage> messages = client.ReadAllAsync().GetAsyncEnumerator();
        while (received.Count < count && await messages.MoveNextAsync().WithDeadline())
        {
            received.Add(messages.Current.GetText());
        }

        return received;
    }

    private WebSocketReconnectingClient Create() => new(_server.Address, Options());

    private WebSocketReconnectOptions Options() => new()
    {
        Client = new WebSocketClientOptions { LoggerFactory = _log },
        NextRandom = () => 0,
    };

    private bool Logged(int id) =>
        _log.Entries.Any(entry => entry.EventId == id && entry.Level == LogLevel.Warning);

    private async Task SendAndEndAsync(string first, string second, bool isReset)
    {
        using RawPeer peer = await _server.OpenAsync();
        await peer.SendAsync((byte[])[.. Text(first), .. Text(second), .. RawFrame.Bytes(RawFrame.Ping, "got?"u8)]);

        // A reset may destroy what has not been read: the pong says that it was.
        Assert.Equal(RawFrame.Pong, (await peer.ReadFrameAsync()).First);
        if (isReset)
        {
            peer.Reset();
            return;
        }

        await peer.SendAsync(Closing);
        await peer.ReadFrameAsync();
    }
}
