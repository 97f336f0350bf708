// Measures what a few slow subscribers cost the others under LatestPerKey: 500 subscribers, 20 keys, 10,000 updates per second, 5 of the
// subscribers reading 1 kB/s. Pairs of runs, without and with the slow ones, alternate; the server, the feed and the subscribers share the process.
//
//   dotnet run -c Release --project benchmarks/SlowConsumers [-- ROUNDS [SECONDS [KEYS_PER_SUBSCRIBER]]]

using System.Globalization;
using Sockeye.Benchmarks;

int[] numbers = [.. args.Select(argument => int.Parse(argument, CultureInfo.InvariantCulture))];
int rounds = numbers.ElementAtOrDefault(0) is > 0 and var r ? r : 5;
var load = new FeedLoad(
    Subscribers: 500,
    UpdatesPerSecond: 10_000,
    Duration: TimeSpan.FromSeconds(numbers.ElementAtOrDefault(1) is > 0 and var t ? t : 10),
    KeysPerSubscriber: Math.Min(numbers.ElementAtOrDefault(2) is > 0 and var k ? k : 4, FeedLoad.KeyCount));

Console.WriteLine("| round | slow | updates/s | deliveries/s | p50 ms | p99 ms | p99 × without | longest send buffer | replaced | last values missing |");
Console.WriteLine("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
var ratios = new List<double>();
await new FeedRun(load with { Duration = TimeSpan.FromSeconds(2) }, slowCount: 0).RunAsync();
for (int round = 1; round <= rounds; round++)
{
    // Which one is first alternates, so that a drift of the machine favors neither.
    int[] order = round % 2 == 1 ? [0, FeedLoad.SlowCount] : [FeedLoad.SlowCount, 0];
    var results = new Dictionary<int, FeedResult>();
    foreach (int slowCount in order)
    {
        results[slowCount] = await new FeedRun(load, slowCount).RunAsync();
    }

    double ratio = results[FeedLoad.SlowCount].Latency.At(0.99) / results[0].Latency.At(0.99);
    ratios.Add(ratio);
    Print(round, 0, results[0], ratio: null);
    Print(round, FeedLoad.SlowCount, results[FeedLoad.SlowCount], ratio);
}

ratios.Sort();
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"\np99 of the healthy with {FeedLoad.SlowCount} slow ones: {ratios[ratios.Count / 2]:F2} × without (median of {rounds} pairs)"));

static void Print(int round, int slowCount, FeedResult result, double? ratio) => Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"| {round} | {slowCount} | {result.UpdatesPerSecond:N0} | {result.DeliveriesPerSecond:N0} | {result.Latency.At(0.5):F1} "
    + $"| {result.Latency.At(0.99):F1} | {ratio,4:F2} | {result.LongestSendBuffer:N0} B | {result.Replaced:N0} | {result.MissingLastValues} |"));
