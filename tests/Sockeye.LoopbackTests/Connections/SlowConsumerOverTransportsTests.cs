using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>The policies for slow consumers over every transport, in both roles.</summary>
public sealed class SlowConsumerOverTransportsTests
{
    private const int Limit = 64 * 1024;
    private const int KeyCount = 20;

    // Far more than the system's buffers and both ends' hold together, so that messages must be dropped.
    private const int MessageCount = 20_000;
    private const int PayloadLength = 1_000;

    [Theory]
    [EachTransport]
    public Task Under_LatestPerKey_the_newest_message_of_each_key_arrives_and_the_rest_in_order(TransportKind kind) =>
        OverBothRolesAsync(kind, WebSocketSlowConsumerPolicy.LatestPerKey, static (received, counts) =>
        {
            Assert.Equal(MessageCount - received.Count, counts.Replaced);
            for (int key = 0; key < KeyCount; key++)
            {
                int[] ofKey = [.. received.Where(number => number % KeyCount == key)];
                Assert.Equal(MessageCount - KeyCount + key, ofKey[^1]);
                Assert.Equal(ofKey.Order(), ofKey);
            }
        });

    [Theory]
    [EachTransport]
    public Task Under_DropOldest_the_newest_messages_arrive_in_order(TransportKind kind) =>
        OverBothRolesAsync(kind, WebSocketSlowConsumerPolicy.DropOldest, static (received, counts) =>
        {
            Assert.Equal(MessageCount - received.Count, counts.Oldest);
            Assert.Equal(received.Order(), received);
            Assert.Equal(Enumerable.Range(MessageCount - 10, 10), received.TakeLast(10));
        });

    [Theory]
    [EachTransport]
    public Task Under_DropNewest_the_oldest_messages_arrive_in_order(TransportKind kind) =>
        OverBothRolesAsync(kind, WebSocketSlowConsumerPolicy.DropNewest, static (received, counts) =>
        {
            Assert.Equal(MessageCount - received.Count, counts.Newest);
            Assert.Equal(received.Order(), received);
            Assert.Equal(Enumerable.Range(0, 10), received.Take(10));
        });

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_broadcast_obeys_the_policy_of_each_connection_or_its_own(ServerKind kind)
    {
        WebSocketServerOptions options = Servers.OptionsOf(kind);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            options with
            {
                Connection = options.Connection with
                {
                    Limits = new() { MaxSendBufferLength = Limit },
                    SlowConsumer = SlowConsumerOptions.LatestPerKey,
                },
            },
            static (connection, cancellation) => Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default));
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        await Deadlines.UntilAsync(() => server.ConnectionCount == 1, "it is there");
        WebSocketConnection connection = server.GetConnections().Single();

        // Fills all buffers. The system's grow for a while, and take what was refused before.
        int refusals = 0;
        await Deadlines.UntilAsync(
            () =>
            {
                refusals++;
                while (connection.TrySend(new byte[Limit]) != WebSocketSendResult.Refused)
                {
                    refusals = 0;
                }

                return refusals == 20;
            },
            "the buffers are full");

        WebSocketSendOptions Policy(WebSocketSlowConsumerPolicy policy) => new() { SlowConsumer = policy };
        var message = WebSocketPreparedMessage.Text("without a key");
        Assert.Equal(1, server.Broadcast(WebSocketPreparedMessage.Text("old", key: "key")));
        Assert.Equal(1, await server.BroadcastAsync(WebSocketPreparedMessage.Text("new", key: "key")).WithDeadline());
        Assert.Equal(0, server.Broadcast(message));
        Assert.Equal(0, server.Broadcast(message, Policy(WebSocketSlowConsumerPolicy.DropNewest)));
        Assert.Equal(0, await server.BroadcastAsync(message, Policy(WebSocketSlowConsumerPolicy.DropNewest)).WithDeadline());
        Assert.Equal(0, await server.BroadcastAsync(message, Policy(WebSocketSlowConsumerPolicy.DropOldest)).WithDeadline());
        Assert.Equal(new WebSocketDropCounts(Newest: 3, 0, Replaced: 1), connection.DropCounts);
        Task<int> waits = server.BroadcastAsync(message, Policy(WebSocketSlowConsumerPolicy.Wait));
        Assert.False(waits.IsCompleted);

        List<string> texts = [];
        while (texts.Count < 2)
        {
            WebSocketMessage received = await client.ReceiveMessageAsync().WithDeadline();
            if (received.Kind == WebSocketMessageKind.Text)
            {
                texts.Add(received.GetText());
            }
        }

        Assert.Equal(["new", "without a key"], texts);
        Assert.Equal(1, await waits.WithDeadline());
    }

    private static async Task OverBothRolesAsync(
        TransportKind kind, WebSocketSlowConsumerPolicy policy, Action<IReadOnlyList<int>, WebSocketDropCounts> check)
    {
        foreach (PerMessageDeflateOptions? compression in new[] { null, PerMessageDeflateOptions.Default with { MinimumLength = 0 } })
        {
            var options = new WebSocketConnectionOptions
            {
                Limits = new() { MaxSendBufferLength = Limit },
                SlowConsumer = new() { Policy = policy },
            };
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(
                kind, serverOptions: options, clientOptions: options, compression: compression);
            foreach ((WebSocketConnection from, WebSocketConnection to) in new[] { (pair.Server, pair.Client), (pair.Client, pair.Server) })
            {
                SendAll(from);

                // In place of a message that may be dropped, this marks the end.
                Task end = from.SendAsync("end", new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait }).AsTask();
                List<int> received = await ReceiveAllAsync(to);
                await end.WithDeadline();

                Assert.NotEqual(0, from.DropCounts.Total);
                check(received, from.DropCounts);
            }
        }
    }

    private static void SendAll(WebSocketConnection connection)
    {
        byte[] payload = new byte[PayloadLength];
        new Random(1).NextBytes(payload);
        for (int i = 0; i < MessageCount; i++)
        {
            Encoding.ASCII.GetBytes(i.ToString("D8", CultureInfo.InvariantCulture), payload);
            WebSocketSendResult result = connection.TrySend(payload, WebSocketMessageKind.Binary, new() { Key = $"{i % KeyCount}" });
            Assert.True(result is not (WebSocketSendResult.Refused or WebSocketSendResult.Closed), $"{result}");
            Assert.InRange(connection.SendBufferLength, 0, 2 * Limit);
        }
    }

    private static async Task<List<int>> ReceiveAllAsync(WebSocketConnection connection)
    {
        List<int> received = [];
        while (await connection.ReceiveMessageAsync().WithDeadline() is { Kind: WebSocketMessageKind.Binary } message)
        {
            received.Add(int.Parse(Encoding.ASCII.GetString(message.Payload.Span[..8]), CultureInfo.InvariantCulture));
        }

        return received;
    }
}
