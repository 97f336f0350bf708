using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Generates the table of a lifecycle for documentation, so that it is always correct.</summary>
internal static class LifecycleTable
{
    private const LifecycleCommands Bookkeeping =
        LifecycleCommands.Schedule | LifecycleCommands.StopPings | LifecycleCommands.StopDeadlines;

    /// <summary>Returns the table in Markdown, without events that change nothing.</summary>
    public static string Create()
    {
        var rows = new SortedDictionary<(int Phase, int Event), SortedSet<string>>();
        foreach (LifecycleSearch.Step step in ((Role[])[Role.Server, Role.Client]).SelectMany(StepsOf))
        {
            string before = PhaseOf(step.Before);
            string after = PhaseOf(step.After);
            LifecycleCommands commands = step.Commands & ~Bookkeeping;
            if (commands == LifecycleCommands.None && before == after)
            {
                continue;
            }

            (int, int) key = (PhaseNumber(step.Before), Array.IndexOf(Events, step.Event));
            rows.TryAdd(key, []);
            rows[key].Add($"{(commands == LifecycleCommands.None ? "" : $"{commands} ")}→ {after}");
        }

        var table = new StringBuilder("| Waits for | Event | Commands → then waits for |\n|---|---|---|\n");
        foreach (((int phase, int happening), SortedSet<string> outcomes) in rows)
        {
            table.Append($"| {Phases[phase]} | {Events[happening].Name} | {string.Join("; or ", outcomes)} |\n");
        }

        return table.ToString();
    }

    private static readonly string[] Phases = ["nothing (open)", "Application", "Flush", "PeerClose", "Transport", "Release"];

    private static readonly LifecycleEvent[] Events = [.. LifecycleEvent.All, .. LifecycleEvent.Questions];

    private static IEnumerable<LifecycleSearch.Step> StepsOf(Role role)
    {
        var search = new LifecycleSearch(role);
        return [.. search.Steps, .. search.Answers];
    }

    private static int PhaseNumber(LifecycleSearch.State state) => (int)state.Life.Wait;

    private static string PhaseOf(LifecycleSearch.State state) =>
        state.Story.IsGone ? "nothing (over)" : Phases[PhaseNumber(state)];
}
