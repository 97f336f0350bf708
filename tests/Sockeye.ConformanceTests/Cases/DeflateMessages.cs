using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>The 18 cases of each subgroup of 12 and 13: consecutive messages of a length, whole or in fragments.</summary>
internal static class DeflateMessages
{
    private const int KiB = 1024;

    // The suite sends 1,000 messages in each case, 12 GB in total, which takes hours. Here, a case has as many as make up a
    // quarter of a mebibyte, and at most 250; with SOCKEYE_CONFORMANCE_FULL=1, it has as many as in the suite.
    private const int FullCount = 1_000;
    private const int MaxCount = 250;
    private const int MinCount = 4;
    private const int UsualLength = 256 * KiB;

    private static readonly bool IsFull = Environment.GetEnvironmentVariable("SOCKEYE_CONFORMANCE_FULL") == "1";

    // The length of the messages and of their fragments; 0 for one fragment.
    private static readonly (int Message, int Fragment)[] Lengths =
    [
        (16, 0), (64, 0), (256, 0), (KiB, 0), (4 * KiB, 0), (8 * KiB, 0), (16 * KiB, 0), (32 * KiB, 0), (64 * KiB, 0),
        (128 * KiB, 0), (8 * KiB, 256), (16 * KiB, 256), (32 * KiB, 256), (64 * KiB, 256), (128 * KiB, 256),
        (128 * KiB, KiB), (128 * KiB, 4 * KiB), (128 * KiB, 32 * KiB),
    ];

    /// <summary>Creates the cases of a subgroup.</summary>
    /// <param name="subgroup">The number of the subgroup.</param>
    /// <param name="what">A description of the messages.</param>
    /// <param name="data">The data that messages are taken from.</param>
    /// <param name="isText">Whether the data is ASCII text.</param>
    /// <param name="deflate">The negotiation.</param>
    public static IEnumerable<ConformanceCase> Cases(
        string subgroup, string what, Func<byte[]> data, bool isText, DeflateCase deflate) =>
        Lengths.Select((length, i) => new ConformanceCase(
            $"{subgroup}.{i + 1}",
            $"{what}, messages of {length.Message} bytes"
                + (length.Fragment == 0 ? "" : $" in fragments of {length.Fragment}"),
            Exchange(data, isText, length.Message, length.Fragment))
        {
            Deflate = deflate,
        });

    // Created when the case runs, like all long payloads.
    private static IEnumerable<Step> Exchange(Func<byte[]> data, bool isText, int length, int fragmentLength)
    {
        byte[] all = data();
        int start = 0;
        int count = IsFull ? FullCount : Math.Clamp(UsualLength / length, MinCount, MaxCount);
        for (int number = 0; number < count; number++)
        {
            byte[] payload = start + length <= all.Length
                ? all[start..(start + length)]
                : [.. all[start..], .. all[..(start + length - all.Length)]];
            start = (start + length) % all.Length;
            RawFrame message = isText ? Text(payload) : Binary(payload);
            yield return new SendCompressedStep(message, fragmentLength);
            yield return ExpectEchoOf([message]);
            yield return Wait();
        }
    }
}
