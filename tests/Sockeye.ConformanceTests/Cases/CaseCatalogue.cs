namespace Sockeye.Tests;

/// <summary>All cases: those of the suite by group, and our own.</summary>
internal static class CaseCatalogue
{
    /// <summary>The cases of the Autobahn test suite that concern RFC 6455 and RFC 7692, in its order.</summary>
    public static IReadOnlyList<ConformanceCase> Suite { get; } =
    [
        .. Group1Framing.Cases, .. Group2PingsPongs.Cases, .. Group3ReservedBits.Cases, .. Group4Opcodes.Cases,
        .. Group5Fragmentation.Cases, .. Group6Utf8.Cases, .. Group7Close.Cases, .. Group9Limits.Cases,
        .. Group10Misc.Cases, .. Group12Compression.Cases, .. Group13Negotiation.Cases,
    ];

    /// <summary>The cases that the suite lacks.</summary>
    public static IReadOnlyList<ConformanceCase> Beyond { get; } =
        [.. BeyondFraming.Cases, .. BeyondMessages.Cases, .. BeyondClosing.Cases];

    private static readonly Dictionary<string, ConformanceCase> ById =
        Suite.Concat(Beyond).ToDictionary(conformanceCase => conformanceCase.Id);

    public static ConformanceCase Get(string id) => ById[id];
}
