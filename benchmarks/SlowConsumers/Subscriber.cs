namespace Sockeye.Benchmarks;

/// <summary>A subscriber that keeps up.</summary>
internal sealed class Subscriber(LatencyHistogram latency) : WebSocketHandler
{
    // To count each of millions of latencies would be a load of its own.
    private const int TimedOneOf = 16;

    /// <summary>How many updates it has received.</summary>
    public long Count { get; private set; }

    /// <summary>What it has received.</summary>
    public LastValues Last { get; } = new();

    public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        (int key, long number, long timestamp) = UpdatePayload.Read(payload);
        Last.Note(key, number);
        Count++;
        if (Count % TimedOneOf == 0)
        {
            latency.Add(timestamp);
        }
    }
}
