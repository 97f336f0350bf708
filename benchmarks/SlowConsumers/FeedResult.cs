namespace Sockeye.Benchmarks;

/// <summary>What a run has measured.</summary>
internal sealed record FeedResult(
    double UpdatesPerSecond, double DeliveriesPerSecond, LatencyHistogram Latency, long LongestSendBuffer, long Replaced,
    int MissingLastValues);
