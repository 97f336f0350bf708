namespace Sockeye.Tests;

/// <summary>12.*: compressed messages of every kind, with the default parameters (RFC 7692).</summary>
internal static class Group12Compression
{
    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. Messages("12.1", "JSON", () => DeflateData.Json, isText: true),
        .. Messages("12.2", "a picture", () => DeflateData.Picture, isText: false),
        .. Messages("12.3", "German text", () => DeflateData.Text, isText: false),
        .. Messages("12.4", "HTML", () => DeflateData.Html, isText: true),
        .. Messages("12.5", "a document", () => DeflateData.Document, isText: false),
    ];

    private static IEnumerable<ConformanceCase> Messages(string subgroup, string what, Func<byte[]> data, bool isText) =>
        DeflateMessages.Cases(subgroup, what, data, isText, Group13Negotiation.Default);
}
