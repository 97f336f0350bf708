namespace Sockeye.Tests;

public sealed class EndsOverTransportsTests
{
    private const int Rounds = 60;

    [Theory]
    [EachTransport]
    public async Task A_client_closes_cleanly(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        await pair.Server.SendAsync("still to be read");

        Task<WebSocketCloseResult> closing = pair.Client.CloseAsync((WebSocketCloseCode)4001, "größer").AsTask();
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();

        Assert.Equal("still to be read", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Same(client, await closing.WithDeadline());
        AssertClean(server, 4001, "größer", WebSocketCloseInitiator.Peer);
        AssertClean(client, 4001, "größer", WebSocketCloseInitiator.Local);
        Assert.Equal(WebSocketConnectionState.Closed, pair.Client.State);
    }

    [Theory]
    [EachTransport]
    public async Task A_close_frame_without_a_code_is_1005_on_both_ends(TransportKind kind)
    {
        foreach (bool serverCloses in new[] { true, false })
        {
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
            WebSocketConnection closer = serverCloses ? pair.Server : pair.Client;

            Task closing = closer.CloseAsync(null, null).AsTask();
            (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();

            await closing.WithDeadline();
            AssertClean(server, 1005, "", serverCloses ? WebSocketCloseInitiator.Local : WebSocketCloseInitiator.Peer);
            AssertClean(client, 1005, "", serverCloses ? WebSocketCloseInitiator.Peer : WebSocketCloseInitiator.Local);
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_peer_that_closed_can_be_sent_messages_until_our_close_frame_is_sent(TransportKind kind) // §5.5.1
    {
        foreach (bool serverCloses in new[] { true, false })
        {
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
            (WebSocketConnection closer, WebSocketConnection answerer) =
                serverCloses ? (pair.Server, pair.Client) : (pair.Client, pair.Server);
            await closer.SendAsync("question");
            Assert.Equal("question", (await answerer.ReceiveMessageAsync().WithDeadline()).GetText());
            Task closing = closer.CloseAsync(null).AsTask();
            await Assert.ThrowsAsync<WebSocketClosedException>(() => closer.SendAsync("not any more").AsTask());
            Assert.Equal(WebSocketSendResult.Closed, closer.TrySend("not any more"));

            await answerer.SendAsync("one");
            await answerer.SendTextAsync("two"u8.ToArray());
            Assert.NotEqual(WebSocketSendResult.Refused, answerer.TrySend("three"));
            await answerer.CloseAsync(null, null).WithDeadline();
            await Assert.ThrowsAsync<WebSocketClosedException>(() => answerer.SendAsync("not any more").AsTask());
            Assert.Equal(WebSocketSendResult.Closed, answerer.TrySend("not any more"));

            await closing.WithDeadline();
            List<string> answers = [];
            await foreach (WebSocketMessage message in closer.ReadAllAsync())
            {
                answers.Add(message.GetText());
            }

            Assert.Equal(["one", "two", "three"], answers);
            Assert.True((await answerer.Closed.WithDeadline()).WasClean);
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_server_closes_cleanly_after_all_its_messages(TransportKind kind)
    {
        const int Messages = 20;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await pair.Server.SendAsync(Payloads.Bytes(200_000));
            }

            await pair.Server.CloseAsync(WebSocketCloseCode.GoingAway, "bye");
        });

        int received = 0;
        await foreach (WebSocketMessage message in pair.Client.ReadAllAsync())
        {
            Assert.Equal(200_000, message.Payload.Length);
            received++;
        }

        await sending.WithDeadline();
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();
        Assert.Equal(Messages, received);
        AssertClean(server, 1001, "bye", WebSocketCloseInitiator.Local);
        AssertClean(client, 1001, "bye", WebSocketCloseInitiator.Peer);
    }

    [Theory]
    [EachTransport]
    public async Task Both_ends_close_at_once_and_return_all_memory(TransportKind kind)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler());
            await pair.Client.SendAsync(Payloads.Bytes(round * 1000));

            Task<WebSocketCloseResult> one = Task.Run(() => pair.Client.CloseAsync().AsTask());
            Task<WebSocketCloseResult> other = Task.Run(() => pair.Server.CloseAsync().AsTask());
            await Task.WhenAll(one, other).WithDeadline();

            Assert.True((await one).WasClean, (await one).ToString());
            Assert.True((await other).WasClean, (await other).ToString());
            await Deadlines.UntilAsync(() => pair.Pool.OutCount <= UnreadCount(pair), "all memory is back");
        }
    }

    [Theory]
    [EachTransport]
    public async Task An_abort_is_1006_for_the_peer_and_later_sends_fail(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);

        pair.Server.Abort();
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, client.Code);
        Assert.Equal(WebSocketCloseInitiator.Peer, client.Initiator);
        Assert.Equal(WebSocketCloseInitiator.Local, server.Initiator);
        Assert.False(server.WasClean);
        Assert.Null(server.Exception);
        Assert.Equal(WebSocketConnectionState.Closed, pair.Client.State);
        Assert.Equal(WebSocketConnectionState.Closed, pair.Server.State);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => pair.Client.SendAsync("x").AsTask());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => pair.Server.SendAsync("x").AsTask());
    }

    [Theory]
    [EachTransport]
    public async Task A_peer_that_is_sending_megabytes_gets_the_close_code_of_its_violation(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind,
            new EchoHandler(),
            clientOptions: new WebSocketConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(20) });

        await pair.Client.SendAsync(new byte[8 * 1024 * 1024]).WithDeadline();
        (WebSocketCloseResult server, WebSocketCloseResult client) = await pair.WhenClosedAsync();

        Assert.Equal(WebSocketCloseCode.MessageTooBig, server.Code);
        Assert.Equal(WebSocketCloseCode.MessageTooBig, client.Code);
        Assert.Equal(WebSocketCloseInitiator.Peer, client.Initiator);
        Assert.IsType<WebSocketProtocolException>(server.Exception);
    }

    [Theory]
    [EachTransport]
    public async Task Sends_that_race_the_end_complete_once_with_the_right_result(TransportKind kind)
    {
        for (int round = 0; round < Rounds; round++)
        {
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
            Task<int> receiving = CountAsync(pair.Server);
            int accepted = 0;
            Task sending = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        await pair.Client.SendAsync(new byte[1000]);
                        accepted++;
                    }
                }
                catch (WebSocketClosedException)
                {
                    // The only way out.
                }
            });

            Thread.SpinWait(round * 2000);
            bool isOrderly = round % 2 == 0;
            if (isOrderly)
            {
                await pair.Client.CloseAsync().WithDeadline();
            }
            else
            {
                pair.Client.Abort();
            }

            await sending.WithDeadline();
            int received = await receiving.WithDeadline();

            // What was accepted before an orderly close arrives, all of it; after an abort, a part of it.
            Assert.True(isOrderly ? received == accepted : received <= accepted, $"{received} of {accepted}");
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_handler_that_threw_is_not_called_with_queued_messages(TransportKind kind)
    {
        var handler = new FailingHandler();
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, handler);

        for (int i = 0; i < 50; i++)
        {
            await pair.Client.SendAsync(new byte[10_000]).WithDeadline();
        }

        handler.Go.SetResult();
        WebSocketCloseResult result = await pair.Client.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.InternalError, result.Code);
        Assert.Equal(WebSocketCloseCode.InternalError, (await handler.Ended.Task.WithDeadline()).Code);
        Assert.Equal(1, handler.Calls);
    }

    private static void AssertClean(
        WebSocketCloseResult result, int code, string reason, WebSocketCloseInitiator initiator)
    {
        Assert.Equal(code, (int)result.Code);
        Assert.Equal(reason, result.Reason);
        Assert.Equal(initiator, result.Initiator);
        Assert.True(result.WasClean);
        Assert.Null(result.Exception);
    }

    // An echo that was not asked for stays where it is until it is.
    private static int UnreadCount(ConnectionPair pair) => pair.Client.State == WebSocketConnectionState.Closed ? 1 : 0;

    private static async Task<int> CountAsync(WebSocketConnection connection)
    {
        int count = 0;
        try
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync())
            {
                count++;
            }
        }
        catch (WebSocketClosedException)
        {
            // The peer was not polite.
        }

        return count;
    }

    private sealed class FailingHandler : WebSocketHandler
    {
        public TaskCompletionSource Go { get; } = new();

        public TaskCompletionSource<WebSocketCloseResult> Ended { get; } = new();

        public int Calls { get; private set; }

        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            Calls++;
            await Go.Task;
            throw new InvalidOperationException("thrown on purpose");
        }

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
            Ended.SetResult(result);
    }
}
