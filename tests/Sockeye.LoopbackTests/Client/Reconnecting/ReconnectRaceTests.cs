using System.Collections.Concurrent;
using System.Globalization;

namespace Sockeye.Tests;

/// <summary>A reconnecting client under concurrent events.</summary>
[Collection(nameof(ClientAttemptTests))]
public sealed class ReconnectRaceTests
{
    private static readonly HashSet<(WebSocketReconnectState, WebSocketReconnectState)> Transitions =
    [
        (WebSocketReconnectState.Connecting, WebSocketReconnectState.Open),
        (WebSocketReconnectState.Connecting, WebSocketReconnectState.Waiting),
        (WebSocketReconnectState.Connecting, WebSocketReconnectState.Closed),
        (WebSocketReconnectState.Open, WebSocketReconnectState.Waiting),
        (WebSocketReconnectState.Open, WebSocketReconnectState.Closed),
        (WebSocketReconnectState.Waiting, WebSocketReconnectState.Connecting),
        (WebSocketReconnectState.Waiting, WebSocketReconnectState.Closed),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(2_000)]
    public async Task Messages_are_neither_repeated_nor_reordered_across_lost_connections(
        long maxQueueLength)
    {
        const int Senders = 4;
        const int Connections = 40;
        using var server = new RawServer();
        await using var client = new WebSocketReconnectingClient(server.Address, Options(maxQueueLength));
        using var stop = new CancellationTokenSource();
        long longest = 0;
        Task<int>[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int number = 0; ; number++)
            {
                bool isLast = stop.IsCancellationRequested;
                await client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"{sender} {number}"));
                longest = Math.Max(longest, client.QueueLength);
                if (isLast)
                {
                    return number;
                }
            }
        }))];
        _ = client.StartAsync();
        var last = new int[Senders];
        Array.Fill(last, -1);
        for (int i = 0; i < Connections; i++)
        {
            using RawPeer peer = await server.OpenAsync();
            for (int frames = 0; frames < 10 + i; frames++)
            {
                Note(last, await peer.ReadFrameAsync());
            }

            peer.Reset();
        }

        using RawPeer final = await server.OpenAsync();
        await stop.CancelAsync();
        Task<int[]> sending = SendLastAsync();
        for (RawFrame frame = await final.ReadFrameAsync(); frame.PayloadText != "end"; frame = await final.ReadFrameAsync())
        {
            Note(last, frame);
        }

        Assert.Equal(await sending, last);
        Assert.InRange(longest, 0, maxQueueLength);
        final.Reset();

        async Task<int[]> SendLastAsync()
        {
            int[] sent = await Task.WhenAll(senders);
            await client.SendAsync("end");
            return sent;
        }
    }

    [Fact]
    public async Task A_client_closed_before_it_was_started_never_connects()
    {
        const int Rounds = 2_000;
        using var server = new RawServer();
        var states = new ConcurrentQueue<WebSocketReconnectState>();
        for (int round = 0; round < Rounds; round++)
        {
            var client = new WebSocketReconnectingClient(
                server.Address, new WebSocketReconnectOptions { OnStatusChanged = status => states.Enqueue(status.State) });
            await client.CloseAsync().WithDeadline();
        }

        Assert.Equal(Enumerable.Repeat(WebSocketReconnectState.Closed, Rounds), states);
        Assert.False(server.HasPending);
    }

    [Fact]
    public async Task A_client_closed_at_any_moment_leaks_nothing()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        for (int i = 0; i < 2 * Environment.ProcessorCount; i++)
        {
            // So that each event loop is there before anything is counted.
            await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address());
        }

        await RunOnceAsync(server.Address(), delay: 1_000);
        int descriptors = Descriptors.Count();

        for (int delay = 0; delay < 300; delay++)
        {
            await RunOnceAsync(server.Address(), delay * 20);
        }

        await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "all descriptors are closed");
    }

    [Fact]
    public async Task A_closed_client_arms_no_timer()
    {
        var time = new ManualTimeProvider();
        using var server = new RawServer();
        var client = new WebSocketReconnectingClient(
            server.Address,
            new WebSocketReconnectOptions { Client = new WebSocketClientOptions { TimeProvider = time } });
        _ = client.StartAsync().ContinueWith(starting => _ = starting.Exception, TaskScheduler.Default);
        (RawPeer peer, _) = await server.AcceptAsync();
        await peer.SendAsync("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        peer.Dispose();
        await Deadlines.UntilAsync(() => time.TimerCount > 0 && client.Status.State == WebSocketReconnectState.Waiting, "a wait");

        await client.DisposeAsync().AsTask().WithDeadline();

        Assert.Equal(0, time.TimerCount);
    }

    private static WebSocketReconnectOptions Options(
        long maxQueueLength, ConcurrentQueue<WebSocketReconnectState>? told = null) => new()
        {
            MaxQueueLength = maxQueueLength,
            NextRandom = () => 0,
            OnStatusChanged = status => told?.Enqueue(status.State),
        };

    private static void Note(int[] last, RawFrame frame)
    {
        int[] parts = [.. frame.PayloadText.Split(' ').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        Assert.True(parts[1] > last[parts[0]], $"{frame.PayloadText} came behind {last[parts[0]]}");
        last[parts[0]] = parts[1];
    }

    private static async Task RunOnceAsync(Uri address, int delay)
    {
        ConcurrentQueue<WebSocketReconnectState> told = [];
        var client = new WebSocketReconnectingClient(address, Options(1_000, told));
        Task starting = client.StartAsync();
        Task sending = client.SendAsync("hello").AsTask();

        // Not a time to wait, but a moment that is another each time.
        Thread.SpinWait(delay);
        await Task.WhenAll(client.DisposeAsync().AsTask(), client.CloseAsync()).WithDeadline();

        Assert.True(client.Closed.IsCompletedSuccessfully);
        Assert.Equal(WebSocketReconnectState.Closed, client.Status.State);
        WebSocketReconnectState[] states = [.. told];
        Assert.Equal(WebSocketReconnectState.Closed, states[^1]);
        Assert.All(states.Zip(states[1..]), step => Assert.Contains(step, Transitions));
        await Task.WhenAny(starting).WithDeadline();
        await Task.WhenAny(sending).WithDeadline();
        _ = starting.Exception;
        _ = sending.Exception;
        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync("late").AsTask().WithDeadline());
    }
}
