using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sockeye.Telemetry;

/// <summary>
/// The meter and the activity source named <c>Sockeye</c>, and the instruments of the meter. docs/reference/telemetry.md is the list for
/// users.
/// </summary>
/// <remarks>
/// Adding to a counter of the platform, with attributes, costs about as much as half of a short message. So whatever happens per message
/// or per system call is added to the <see cref="ThreadedCounters"/> of a <see cref="ConnectionGroup"/>, only while the instrument is
/// enabled, and read by an observable instrument when metrics are collected. Events of which a connection has few are recorded in
/// histograms.
/// </remarks>
internal static class Instruments
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Sockeye";

    private static readonly string? Version = typeof(Instruments).Assembly.GetName().Version?.ToString(3);

    private static readonly Meter Meter = new(Name, Version);

    // As the conventions advise for HTTP, with longer ones: a handshake waits for people and for other services.
    private static readonly InstrumentAdvice<double> HandshakeBuckets = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<double> PingBuckets = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<double> LifetimeBuckets = new()
    {
        HistogramBucketBoundaries = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800],
    };

    /// <summary>Where activities come from.</summary>
    public static ActivitySource Activities { get; } = new(Name, Version ?? "");

    /// <summary>The open connections.</summary>
    public static readonly ObservableUpDownCounter<long> Connections = Meter.CreateObservableUpDownCounter(
        "sockeye.connection.count", static () => Observations.OfGroups(static group => group.OpenCount), "{connection}",
        "The number of open connections.");

    /// <summary>The connections whose peer reads too slowly.</summary>
    public static readonly ObservableUpDownCounter<long> CongestedConnections = Meter.CreateObservableUpDownCounter(
        "sockeye.connection.congested", static () => Observations.OfConnections(static connection => connection.IsCongested ? 1 : 0),
        "{connection}", "The number of connections whose send buffer was at its limit and has not drained to half of it since.");

    /// <summary>How long connections were open, and how they ended.</summary>
    public static readonly Histogram<double> Lifetimes = Meter.CreateHistogram(
        "sockeye.connection.duration", "s", "How long connections that have ended were open.", tags: null, LifetimeBuckets);

    /// <summary>How long opening handshakes took, and how they ended.</summary>
    public static readonly Histogram<double> Handshakes = Meter.CreateHistogram(
        "sockeye.handshake.duration", "s", "How long opening handshakes took, successful or not.", tags: null, HandshakeBuckets);

    /// <summary>How long pongs took.</summary>
    public static readonly Histogram<double> Pings = Meter.CreateHistogram(
        "sockeye.ping.duration", "s", "The round-trip time of pings that were answered.", tags: null, PingBuckets);

    /// <summary>The messages in both directions.</summary>
    public static readonly ObservableCounter<long> Messages = Meter.CreateObservableCounter(
        "sockeye.messages", Observations.OfMessages, "{message}", "The number of messages received and sent.");

    /// <summary>Their payloads.</summary>
    public static readonly ObservableCounter<long> Payloads = Meter.CreateObservableCounter(
        "sockeye.message.io", Observations.OfPayloads, "By", "The payloads of messages received and sent, as the application sees them.");

    /// <summary>What the transports have moved.</summary>
    public static readonly ObservableCounter<long> Traffic = Meter.CreateObservableCounter(
        "sockeye.network.io", Observations.OfTraffic, "By",
        "The bytes received and sent after the opening handshake: frames, control frames included, without TLS.");

    /// <summary>The messages that were dropped for slow peers.</summary>
    public static readonly ObservableCounter<long> Drops = Meter.CreateObservableCounter(
        "sockeye.message.drops", Observations.OfDrops, "{message}", "The number of messages dropped because the peer read too slowly.");

    /// <summary>What waits for peers.</summary>
    public static readonly ObservableUpDownCounter<long> SendBuffers = Meter.CreateObservableUpDownCounter(
        "sockeye.send_buffer.usage", static () => Observations.OfConnections(static connection => connection.SendBufferLength), "By",
        "The bytes in the send buffers of all connections.");

    /// <summary>Compressed messages, before compression.</summary>
    public static readonly ObservableCounter<long> Uncompressed = Meter.CreateObservableCounter(
        "sockeye.compression.uncompressed", Observations.OfUncompressed, "By",
        "The payloads of messages received and sent in compressed form, without compression.");

    /// <summary>Compressed messages, as they are on the wire.</summary>
    public static readonly ObservableCounter<long> Compressed = Meter.CreateObservableCounter(
        "sockeye.compression.compressed", Observations.OfCompressed, "By",
        "The payloads of messages received and sent in compressed form, compressed.");

    /// <summary>Whether messages are to be counted. Read for each message: a few loads, and a branch that is predicted.</summary>
    public static bool CountsMessages => Messages.Enabled || Payloads.Enabled;

    /// <summary>Whether compression is to be counted.</summary>
    public static bool CountsCompression => Uncompressed.Enabled || Compressed.Enabled;
}
