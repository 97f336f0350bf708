namespace Sockeye.Telemetry;

/// <summary>What a <see cref="ConnectionGroup"/> counts while something listens.</summary>
internal enum Measure
{
    ReceivedTextMessages,
    ReceivedTextLength,
    ReceivedBinaryMessages,
    ReceivedBinaryLength,
    SentTextMessages,
    SentTextLength,
    SentBinaryMessages,
    SentBinaryLength,
    ReceivedLength,
    SentLength,
    InflatedFrom,
    InflatedTo,
    DeflatedFrom,
    DeflatedTo,
    DroppedNewest,
    DroppedOldest,
    DroppedReplaced,

    /// <summary>The number of the measures.</summary>
    Count,
}
