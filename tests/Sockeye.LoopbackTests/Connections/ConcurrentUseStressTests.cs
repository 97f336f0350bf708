namespace Sockeye.Tests;

/// <summary>64 senders on one connection, with random cancellations and ends, over every transport and in both roles.</summary>
public sealed class ConcurrentUseStressTests
{
    private const int SenderCount = 64;
    private const int MaxMessagesOfAShortRound = 60;

    // 64 × 10,000 messages in both roles together. A long run sends ten times as many.
    private const int MessagesPerSender = 5_000;
    private const int FewMessagesPerSender = 500;
    private const int LongRunFactor = 10;

    // Small, so that many sends wait, and can be canceled.
    private static readonly WebSocketConnectionOptions Options = new()
    {
        Limits = new LimitOptions { MaxSendBufferLength = 16 * 1024 },

        // A loaded machine must not look like an application that has stopped receiving.
        CloseReplyDelay = TimeSpan.FromSeconds(20),
        CloseTimeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>How a connection ends in a round.</summary>
    private enum End
    {
        SenderCloses,
        ReceiverCloses,
        BothClose,
        SenderDisposes,
        SenderAborts,
        ReceiverAborts,
        SenderFails,
        ReceiverFails,
        ReceiverDisposes,
    }

    [Theory]
    [EachTransport]
    public async Task Messages_of_64_senders_with_random_cancellations_arrive_whole_and_in_order(TransportKind kind)
    {
        // One transport of each type has the whole run; TLS, pipes and Unix sockets differ only below it.
        int messages = Stress.IsLong ? LongRunFactor * MessagesPerSender
            : kind is TransportKind.EventLoop or TransportKind.Socket or TransportKind.Stream ? MessagesPerSender
            : FewMessagesPerSender;
        int canceled = 0;
        foreach (bool serverSends in new[] { true, false })
        {
            int seed = Random.Shared.Next();
            using var watchdog = new Watchdog();
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(
                kind, serverOptions: Options, clientOptions: Options);
            (WebSocketConnection from, WebSocketConnection to) =
                serverSends ? (pair.Server, pair.Client) : (pair.Client, pair.Server);
            StressSender[] senders = CreateSenders(from, seed, watchdog);

            Task<List<int>[]> receiving = ReceiveAsync(to, watchdog, onMessage: static _ => { });
            Task sending = Task.WhenAll(senders.Select(sender => Task.Run(() => sender.SendAsync(messages))));
            await watchdog.WatchAsync(sending, () => Describe(seed, senders, from, to));
            await watchdog.WatchAsync(from.CloseAsync().AsTask(), () => Describe(seed, senders, from, to));
            await watchdog.WatchAsync(receiving, () => Describe(seed, senders, from, to));

            List<int>[] received = await receiving;
            foreach ((StressSender sender, List<int> numbers) in senders.Zip(received))
            {
                Assert.Equal(sender.Accepted, numbers);
            }

            canceled += senders.Sum(sender => sender.CanceledCount);
            Assert.True((await from.Closed.WithDeadline()).WasClean);
            await Deadlines.UntilAsync(() => pair.Pool.OutCount == 0, "all memory is back");
            Assert.False(pair.Pool.HasFault, "An array was returned twice.");
        }

        Assert.NotEqual(0, canceled);
    }

    [Theory]
    [EachTransport]
    public async Task Every_send_that_races_an_end_completes_and_nothing_accepted_is_lost_by_a_clean_one(TransportKind kind)
    {
        foreach (End end in Enum.GetValues<End>())
        {
            foreach (bool serverSends in new[] { true, false })
            {
                await EndAsync(kind, end, serverSends, Random.Shared.Next());
            }
        }
    }

    private static async Task EndAsync(TransportKind kind, End end, bool serverSends, int seed)
    {
        var random = new Random(seed);
        using var watchdog = new Watchdog();
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind, serverOptions: Options, clientOptions: Options);
        (WebSocketConnection from, WebSocketConnection to) =
            serverSends ? (pair.Server, pair.Client) : (pair.Client, pair.Server);
        StressSender[] senders = CreateSenders(from, seed, watchdog);
        int last = random.Next(SenderCount * MaxMessagesOfAShortRound / 2);
        var isTime = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string Describe() => $"{end}, server sends: {serverSends}. " + ConcurrentUseStressTests.Describe(seed, senders, from, to);

        Task<List<int>[]> receiving = ReceiveAsync(to, watchdog, count => SetAt(isTime, count, last));
        Task ending = Task.Run(async () =>
        {
            await isTime.Task;
            await EndAsync(end, from, to);
        });
        Task sending = Task.WhenAll(senders.Select(sender => Task.Run(() => sender.SendAsync(int.MaxValue))));
        await watchdog.WatchAsync(Task.WhenAll(sending, ending, receiving), Describe);

        List<int>[] received = await receiving;
        foreach ((StressSender sender, List<int> numbers) in senders.Zip(received))
        {
            // An abrupt end loses messages, but only the last ones.
            IEnumerable<int> expected = end <= End.SenderDisposes
                ? sender.Accepted.Except(sender.Queued.Except(numbers))
                : sender.Attempted.Take(numbers.Count);
            Assert.True(expected.SequenceEqual(numbers), Describe());
        }

        await pair.WhenClosedAsync();

        // The application may still read the last message after it has disposed the connection.
        int kept = end == End.ReceiverDisposes ? 1 : 0;
        await Deadlines.UntilAsync(() => pair.Pool.OutCount <= kept, "all memory is back: " + Describe());
        Assert.False(pair.Pool.HasFault, "An array was returned twice.");
    }

    private static void SetAt(TaskCompletionSource isTime, int count, int last)
    {
        if (count > last)
        {
            isTime.TrySetResult();
        }
    }

    private static Task EndAsync(End end, WebSocketConnection from, WebSocketConnection to)
    {
        switch (end)
        {
            case End.SenderCloses:
                return from.CloseAsync().AsTask();
            case End.ReceiverCloses:
                return to.CloseAsync().AsTask();
            case End.BothClose:
                return Task.WhenAll(Task.Run(() => from.CloseAsync().AsTask()), to.CloseAsync().AsTask());
            case End.SenderDisposes:
                return from.DisposeAsync().AsTask();
            case End.ReceiverDisposes:
                return to.DisposeAsync().AsTask();
            case End.SenderAborts:
                from.Abort();
                return Task.CompletedTask;
            case End.ReceiverAborts:
                to.Abort();
                return Task.CompletedTask;
            case End.SenderFails:
                from.Fail(WebSocketCloseCode.PolicyViolation);
                return Task.CompletedTask;
            default:
                to.Fail(WebSocketCloseCode.PolicyViolation);
                return Task.CompletedTask;
        }
    }

    private static StressSender[] CreateSenders(WebSocketConnection connection, int seed, Watchdog watchdog) =>
        [.. Enumerable.Range(0, SenderCount).Select(id => new StressSender(connection, id, seed + id, watchdog))];

    // The numbers that arrived of each sender, whatever the end.
    private static async Task<List<int>[]> ReceiveAsync(
        WebSocketConnection connection, Watchdog watchdog, Action<int> onMessage)
    {
        List<int>[] received = [.. Enumerable.Range(0, SenderCount).Select(static _ => new List<int>())];
        int count = 0;
        try
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync())
            {
                (int id, int number) = StressSender.Read(message.Payload.Span);
                received[id].Add(number);
                watchdog.Advance();
                onMessage(++count);
            }
        }
        catch (WebSocketClosedException)
        {
            // The end was not clean.
        }

        return received;
    }

    private static string Describe(
        int seed, IEnumerable<StressSender> senders, WebSocketConnection from, WebSocketConnection to) =>
        $"seed {seed}, {senders.Sum(sender => sender.Accepted.Count)} accepted, {senders.Sum(sender => sender.CanceledCount)} "
            + $"canceled, sender {from.State}, receiver {to.State}";
}
