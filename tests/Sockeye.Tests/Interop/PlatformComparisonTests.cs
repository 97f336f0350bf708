namespace Sockeye.Tests;

/// <summary>
/// The same random scripts on <see cref="System.Net.WebSockets.WebSocket"/>s of the platform and on connections of Sockeye: what calls
/// return and throw, and the states, are the same. docs/how-to/system-net-websockets.md lists what the scripts leave out.
/// </summary>
public sealed class PlatformComparisonTests
{
    private const int ScriptCount = 2_500;

    // What must happen often enough for the comparison to mean something.
    private static readonly string[] Expected =
    [
        "done", "Text", "Binary", "Close", "WebSocketException InvalidState", "WebSocketException ConnectionClosedPrematurely",
        "WebSocketException Faulted", "OperationCanceledException", "ArgumentException closeStatus", "ArgumentException statusDescription",
        "ArgumentException messageType",
    ];

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Random_scripts_have_the_same_results_on_the_platforms_sockets(bool deliverFragments, bool asPlatform)
    {
        Dictionary<string, int> outcomes = [];
        for (int seed = 0; seed < ScriptCount; seed++)
        {
            IReadOnlyList<string>? difference = await WebSocketScript.RunAsync(seed, deliverFragments, asPlatform, outcomes);
            Assert.True(
                difference is null,
                $"Seed {seed}, {(asPlatform ? "as the platform" : deliverFragments ? "fragments" : "whole messages")}:\n{string.Join('\n', difference ?? [])}");
        }

        Assert.All(Expected, outcome => Assert.InRange(outcomes.GetValueOrDefault(outcome), 20, int.MaxValue));
    }
}
