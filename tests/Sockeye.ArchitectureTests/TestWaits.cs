using System.Text.RegularExpressions;

namespace Sockeye.Tests;

/// <summary>Tests wait for events: they do not sleep, and they poll in one place.</summary>
internal static class TestWaits
{
    /// <summary>The one file of tests that polls, and documents what for.</summary>
    public const string PollingFile = "tests/Shared/Deadlines.cs";

    /// <summary>The files in which a delay is the subject of a test, each with its reason.</summary>
    public static IReadOnlyDictionary<string, string> Exceptions { get; } = new Dictionary<string, string>
    {
        ["ServerDeliveryTests.cs"] = "An application works for a while with each message.",
        ["ClientHowToTests.cs"] = "The page shows users how to wait until a queue is empty.",
        ["ServerChurnTests.cs"] = Race,
        ["ServerStopTests.cs"] = Race,
        ["UndecidedUpgradeTests.cs"] = Race,
        ["EventLoopTests.cs"] = Race,
        ["EndRaceStressTests.cs"] = Race,
        ["SlowReaderStressTests.cs"] = Race,
        ["ReconnectRaceTests.cs"] = Race,
        ["TransportEndTests.cs"] = Race,
        ["EndsOverTransportsTests.cs"] = Race,
        ["TlsHostilityTests.cs"] = Race,
        ["FlushWatchTests.cs"] = "A callback keeps the thread of a loop for longer than it may.",
    };

    private const string Race = "Each round of a race begins at another moment.";

    // A delay without an end is not a wait: its token ends it.
    private static readonly Regex Wait = new(
        @"\bTask\.Delay\((?!Timeout\.Infinite)|\bThread\.Sleep\(|\bSpinWait\b", RegexOptions.CultureInvariant);

    /// <summary>Describes every sleep and every poll in a file of tests.</summary>
    public static IEnumerable<string> FindViolations(string path, string text) =>
        path == PollingFile || Exceptions.ContainsKey(Path.GetFileName(path))
            ? []
            : Wait.Matches(new CSharpSource(text).Code).Select(match => $"{path} waits by {match.Value.TrimEnd('(')}.");
}
