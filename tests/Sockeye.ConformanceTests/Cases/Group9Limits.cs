using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>9.*: long messages, many fragments, many small writes, many round trips.</summary>
internal static class Group9Limits
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;
    private const int FragmentedLength = 4 * MiB;
    private const int ChoppedLength = MiB;
    private const int RoundTripCount = 1000;

    private static readonly int[] MessageLengths = [64 * KiB, 256 * KiB, MiB, 4 * MiB, 8 * MiB, 16 * MiB];

    private static readonly int[] FragmentLengths =
        [64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB];

    private static readonly int[] ChopLengths = [64, 128, 256, 512, KiB, 2 * KiB];

    private static readonly int[] RoundTripLengths = [0, 16, 64, 256, KiB, 4 * KiB];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. Whole("9.1", TextOf),
        .. Whole("9.2", BinaryOf),
        .. Fragmented("9.3", TextOf),
        .. Fragmented("9.4", BinaryOf),
        .. Chopped("9.5", TextOf),
        .. Chopped("9.6", BinaryOf),
        .. RoundTrips("9.7", length => Text(Repeat("*", length))),
        .. RoundTrips("9.8", length => Binary(Repeat("\u00FE", length))),
    ];

    private static IEnumerable<ConformanceCase> Whole(string id, Func<int, RawFrame> message) =>
        MessageLengths.Select((length, i) => new ConformanceCase(
            $"{id}.{i + 1}", $"a message of {length} bytes",
            Deferred(() => Echoed(message(length)))));

    private static IEnumerable<ConformanceCase> Fragmented(string id, Func<int, RawFrame> message) =>
        FragmentLengths.Select((length, i) => new ConformanceCase(
            $"{id}.{i + 1}", $"a message of {FragmentedLength} bytes in fragments of {length}",
            Deferred(() => Echoed(Fragments(message(FragmentedLength), length)))));

    private static IEnumerable<ConformanceCase> Chopped(string id, Func<int, RawFrame> message) =>
        ChopLengths.Select((length, i) => new ConformanceCase(
            $"{id}.{i + 1}", $"a message of {ChoppedLength} bytes, written in chops of {length}",
            Deferred(() => [SendChopped(message(ChoppedLength), length), ExpectEchoOf([message(ChoppedLength)])])));

    private static IEnumerable<ConformanceCase> RoundTrips(string id, Func<int, RawFrame> message) =>
        RoundTripLengths.Select((length, i) => new ConformanceCase(
            $"{id}.{i + 1}", $"{RoundTripCount} round trips of {length} bytes",
            Deferred(() => Enumerable.Range(0, RoundTripCount)
                .SelectMany(_ => (IEnumerable<Step>)[.. Echoed(message(length)), Wait()]))));

    private static RawFrame TextOf(int length) => Text(Repeat("BAsd7&jh23", length));

    private static RawFrame BinaryOf(int length) => Binary(Repeat("\u0000\u00FE\u00FF\u0080Z\u00C3\u0007", length));

    // The payloads of this group add up to hundreds of megabytes, so that each case creates its own when it runs.
    private static IEnumerable<Step> Deferred(Func<IEnumerable<Step>> steps)
    {
        foreach (Step step in steps())
        {
            yield return step;
        }
    }
}
