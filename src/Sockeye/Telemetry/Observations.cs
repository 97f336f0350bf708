using System.Diagnostics.Metrics;

namespace Sockeye.Telemetry;

/// <summary>Makes the measurements of observable instruments, when metrics are collected.</summary>
internal static class Observations
{
    private static readonly KeyValuePair<string, object?> Received = new(TelemetryTags.Direction, "receive");
    private static readonly KeyValuePair<string, object?> Sent = new(TelemetryTags.Direction, "transmit");
    private static readonly KeyValuePair<string, object?> Newest = new(TelemetryTags.DropReason, "newest");
    private static readonly KeyValuePair<string, object?> Oldest = new(TelemetryTags.DropReason, "oldest");
    private static readonly KeyValuePair<string, object?> Replaced = new(TelemetryTags.DropReason, "replaced");
    private static readonly KeyValuePair<string, object?> Text = new(TelemetryTags.MessageKind, "text");
    private static readonly KeyValuePair<string, object?> Binary = new(TelemetryTags.MessageKind, "binary");

    /// <summary>One measurement for each group.</summary>
    public static IEnumerable<Measurement<long>> OfGroups(Func<ConnectionGroup, long> select) =>
        ConnectionGroup.All.Select(group => new Measurement<long>(select(group), group.Tags));

    /// <summary>The sum over the connections of each group; 0 for a group without any.</summary>
    public static IEnumerable<Measurement<long>> OfConnections(Func<IMeasuredConnection, long> select)
    {
        Dictionary<ConnectionGroup, long> sums = LiveConnections.Sum(select);
        return OfGroups(group => sums.GetValueOrDefault(group));
    }

    /// <summary>The messages.</summary>
    public static IEnumerable<Measurement<long>> OfMessages() => ConnectionGroup.All.SelectMany(static group => new[]
    {
        Measured(group, Measure.ReceivedTextMessages, Received, Text),
        Measured(group, Measure.ReceivedBinaryMessages, Received, Binary),
        Measured(group, Measure.SentTextMessages, Sent, Text),
        Measured(group, Measure.SentBinaryMessages, Sent, Binary),
    });

    /// <summary>Their payloads.</summary>
    public static IEnumerable<Measurement<long>> OfPayloads() => ConnectionGroup.All.SelectMany(static group => new[]
    {
        Measured(group, Measure.ReceivedTextLength, Received, Text),
        Measured(group, Measure.ReceivedBinaryLength, Received, Binary),
        Measured(group, Measure.SentTextLength, Sent, Text),
        Measured(group, Measure.SentBinaryLength, Sent, Binary),
    });

    /// <summary>What the transports have moved.</summary>
    public static IEnumerable<Measurement<long>> OfTraffic() => BothWays(Measure.ReceivedLength, Measure.SentLength);

    /// <summary>Compressed messages, before compression.</summary>
    public static IEnumerable<Measurement<long>> OfUncompressed() => BothWays(Measure.InflatedTo, Measure.DeflatedFrom);

    /// <summary>Compressed messages, as they are on the wire.</summary>
    public static IEnumerable<Measurement<long>> OfCompressed() => BothWays(Measure.InflatedFrom, Measure.DeflatedTo);

    /// <summary>The messages that were dropped.</summary>
    public static IEnumerable<Measurement<long>> OfDrops() => ConnectionGroup.All.SelectMany(static group => new[]
    {
        Measured(group, Measure.DroppedNewest, Newest),
        Measured(group, Measure.DroppedOldest, Oldest),
        Measured(group, Measure.DroppedReplaced, Replaced),
    });

    private static IEnumerable<Measurement<long>> BothWays(Measure received, Measure sent) =>
        ConnectionGroup.All.SelectMany(group => new[] { Measured(group, received, Received), Measured(group, sent, Sent) });

    private static Measurement<long> Measured(
        ConnectionGroup group, Measure measure, params ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        new(group.Read(measure), [.. group.Tags, .. tags]);
}
