using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>10.1.1: a message that the library of its sender has fragmented.</summary>
internal static class Group10Misc
{
    private const int MessageLength = 65_536;
    private const int FragmentLength = 1_300;

    public static IEnumerable<ConformanceCase> Cases =>
    [
        new("10.1.1", $"a message of {MessageLength} bytes in fragments of {FragmentLength}",
            [.. Echoed(Fragments(Text(Repeat("*", MessageLength)), FragmentLength))]),
    ];
}
