using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sockeye.Benchmarks;

/// <summary>One run: opens the connections, sends updates at an even pace, and waits until everyone has the last ones.</summary>
internal sealed class FeedRun(FeedLoad load, int slowCount)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly WebSocketClientOptions Quiet = new() { LoggerFactory = NullLoggerFactory.Instance };

    private readonly LatencyHistogram _latency = new();
    private readonly long[] _sent = new long[FeedLoad.KeyCount];

    public async Task<FeedResult> RunAsync()
    {
        var handler = new FeedHandler(load);
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            EventLoop = new() { Count = 1 },
            Connection = new()
            {
                SlowConsumer = SlowConsumerOptions.LatestPerKey,
                Limits = new() { MaxSendBufferLength = FeedLoad.MaxSendBufferLength },
            },
            Socket = new() { MaxUnsentLength = 16 * 1024 },
            LoggerFactory = NullLoggerFactory.Instance,
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(options, handler);
        Subscriber[] healthy = [.. Enumerable.Range(0, load.Subscribers - slowCount).Select(_ => new Subscriber(_latency))];
        var connections = new List<WebSocketConnection>();
        foreach (Subscriber subscriber in healthy)
        {
            connections.Add(await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/{connections.Count}", subscriber, Quiet));
        }

        SlowSubscriber[] slow = [.. Enumerable.Range(0, slowCount).Select(static _ => new SlowSubscriber())];
        for (int i = 0; i < slowCount; i++)
        {
            await slow[i].ConnectAsync(server.LocalEndPoint, healthy.Length + i);
        }

        Task[] reading = [.. slow.Select(static subscriber => subscriber.ReadAllAsync())];
        await UntilAsync(() => handler.Subscribers.Length == load.Subscribers);
        await using WebSocketConnection feed = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/feed");

        (long count, TimeSpan took) = await SendAsync(feed);
        Array.ForEach(slow, static subscriber => subscriber.CatchUp());
        LastValues[] all = [.. healthy.Select(static one => one.Last), .. slow.Select(static one => one.Last)];
        int CountMissing() => all.Select((last, number) => last.CountMissing(_sent, key => load.Wants(number, key))).Sum();
        await UntilAsync(() => CountMissing() == 0);
        int missing = CountMissing();
        long replaced = handler.Subscribers.Sum(static subscriber => subscriber.DropCounts.Replaced);

        connections.ForEach(static connection => connection.Abort());
        await server.StopAsync(new WebSocketStopOptions { DrainTimeout = TimeSpan.Zero });
        Array.ForEach(slow, static subscriber => subscriber.Dispose());
        await Task.WhenAll(reading).ContinueWith(static _ => { }, TaskScheduler.Default);
        return new FeedResult(
            count / took.TotalSeconds, healthy.Sum(static one => one.Count) / took.TotalSeconds, _latency, handler.LongestSendBuffer, replaced, missing);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition() && Stopwatch.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(10);
        }
    }

    private async Task<(long Count, TimeSpan Took)> SendAsync(WebSocketConnection feed)
    {
        byte[] payload = new byte[UpdatePayload.Length * load.UpdatesPerSecond];
        long start = Stopwatch.GetTimestamp();
        long number = 0;
        using var timer = new PeriodicTimer(FeedLoad.Tick);
        while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < load.Duration)
        {
            // As many as are due, so that a late tick makes up for it. The time is the one at which they are sent.
            long timestamp = Stopwatch.GetTimestamp();
            int length = 0;
            while (number < elapsed.TotalSeconds * load.UpdatesPerSecond && length < payload.Length)
            {
                int key = (int)(number++ % FeedLoad.KeyCount);
                _sent[key] = number;
                UpdatePayload.Write(payload.AsSpan(length), key, number, timestamp);
                length += UpdatePayload.Length;
            }

            await feed.SendAsync(payload.AsMemory(0, length));
            await timer.WaitForNextTickAsync();
        }

        return (number, Stopwatch.GetElapsedTime(start));
    }
}
