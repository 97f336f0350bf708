using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>1.1.* text and 1.2.* binary messages, at the lengths where the form of the header changes.</summary>
internal static class Group1Framing
{
    private const int ChopLength = 997;

    private static readonly int[] Lengths = [0, 125, 126, 127, 128, 65_535, 65_536];

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. Messages("1.1", "text", length => Text(Repeat("*", length))),
        .. Messages("1.2", "binary", length => Binary(Repeat("\u00FE", length))),
    ];

    private static IEnumerable<ConformanceCase> Messages(string id, string kind, Func<int, RawFrame> message)
    {
        for (int i = 0; i < Lengths.Length; i++)
        {
            yield return new ConformanceCase(
                $"{id}.{i + 1}", $"a {kind} message of {Lengths[i]} bytes", [.. Echoed(message(Lengths[i]))]);
        }

        RawFrame chopped = message(Lengths[^1]);
        yield return new ConformanceCase(
            $"{id}.{Lengths.Length + 1}",
            $"a {kind} message of {Lengths[^1]} bytes, written in chops of {ChopLength} bytes",
            [SendChopped(chopped, ChopLength), ExpectEchoOf([chopped])]);
    }
}
