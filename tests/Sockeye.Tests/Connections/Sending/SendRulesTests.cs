using Sockeye.Connections.Sending;

namespace Sockeye.Tests;

/// <summary>The whole of what decides what happens to a frame, as a table.</summary>
public sealed class SendRulesTests
{
    // A dash stands for any value; a bar separates values. Each combination of inputs matches one row.
    private const string Table = """
        mode            stage                           room  turn  writing blocked  admission
        Try             Open                            no    -     -       -        Refused
        Try             Open                            yes   yes   -       -        Accepted
        Try             Open                            yes   no    -       -        Queued
        Try             Closing|CloseQueued|Terminated  -     -     -       -        Closed
        DropNewest      Open                            no    -     -       -        Dropped
        DropNewest      Open                            yes   yes   -       -        Accepted
        DropNewest      Open                            yes   no    -       -        Queued
        DropNewest      Closing|CloseQueued|Terminated  -     -     -       -        Closed
        DropOldest      Open                            no    -     -       -        Dropped
        DropOldest      Open                            yes   yes   no      -        Accepted
        DropOldest      Open                            yes   yes   yes     -        Queued
        DropOldest      Open                            yes   no    -       -        Queued
        DropOldest      Closing|CloseQueued|Terminated  -     -     -       -        Closed
        LatestPerKey    Open                            no    -     -       -        Refused
        LatestPerKey    Open                            yes   yes   no      -        Accepted
        LatestPerKey    Open                            yes   yes   yes     -        Queued
        LatestPerKey    Open                            yes   no    -       -        Queued
        LatestPerKey    Closing|CloseQueued|Terminated  -     -     -       -        Closed
        Wait            Open                            yes   yes   -       -        Accepted
        Wait            Open                            yes   no    -       -        Waits
        Wait            Open                            no    -     -       -        Waits
        Wait            Closing|CloseQueued|Terminated  -     -     -       -        Closed
        TryTurn         Open                            yes   yes   -       -        Accepted
        TryTurn         Open                            yes   no    -       -        Refused
        TryTurn         Open                            no    -     -       -        Refused
        TryTurn         Closing|CloseQueued|Terminated  -     -     -       -        Closed
        TryTurnUnblocked Open                           yes   yes   -       no      Accepted
        TryTurnUnblocked Open                           yes   yes   -       yes     Refused
        TryTurnUnblocked Open                           yes   no    -       -       Refused
        TryTurnUnblocked Open                           no    -     -       -       Refused
        TryTurnUnblocked Closing|CloseQueued|Terminated -     -     -       -       Closed
        InTurn          Open|Closing                    -     -     -       -        Accepted
        InTurn          CloseQueued|Terminated          -     -     -       -        Closed
        Reply           Open|Closing                    -     -     no      -        Accepted
        Reply           Open|Closing                    yes   -     yes     no       Accepted
        Reply           Open|Closing                    no    -     yes     no       Queued
        Reply           Open|Closing                    -     -     yes     yes      Queued
        Reply           CloseQueued|Terminated          -     -     -       -        Closed
        Handshake       Open|Closing|CloseQueued        -     -     -       -        Accepted
        Handshake       Terminated                      -     -     -       -        Closed
        Close           Open                            -     yes   -       -        Accepted
        Close           Open                            -     no    -       -        Queued
        Close           Closing|CloseQueued|Terminated  -     -     -       -        Closed
        CloseNow        Open|Closing                    -     -     -       -        Accepted
        CloseNow        CloseQueued|Terminated          -     -     -       -        Closed
        """;

    private static readonly bool[] Either = [false, true];

    [Fact]
    public void Every_combination_of_inputs_has_the_admission_in_its_row()
    {
        string[][] rows =
        [
            .. Table.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
        ];
        HashSet<string[]> used = [];
        int count = 0;
        foreach (SendMode mode in Enum.GetValues<SendMode>())
        {
            foreach (SendStage stage in Enum.GetValues<SendStage>())
            {
                foreach (bool room in Either)
                {
                    foreach (bool turn in Either)
                    {
                        foreach (bool writing in Either)
                        {
                            foreach (bool blocked in Either)
                            {
                                string[] inputs = [$"{mode}", $"{stage}", Word(room), Word(turn), Word(writing), Word(blocked)];
                                string[] row = Assert.Single(rows, row => Matches(row, inputs));
                                var state = new SendState { Stage = stage, IsWriting = writing, IsBlocked = blocked };

                                Assert.Equal(
                                    (string.Join(' ', inputs), row[^1]),
                                    (string.Join(' ', inputs), $"{SendRules.Admit(mode, state, room, turn)}"));
                                used.Add(row);
                                count++;
                            }
                        }
                    }
                }
            }
        }

        Assert.Equal(12 * 4 * 16, count);
        Assert.Equal(rows.Length, used.Count);
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.Wait, "key", "Try")]
    [InlineData(WebSocketSlowConsumerPolicy.Close, "key", "Try")]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest, "key", "DropNewest")]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest, null, "DropOldest")]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey, "key", "LatestPerKey")]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey, null, "Try")]
    public void Each_policy_has_its_mode(WebSocketSlowConsumerPolicy policy, string? key, string mode) =>
        Assert.Equal(mode, $"{SendRules.ModeOf(policy, key)}");

    private static string Word(bool value) => value ? "yes" : "no";

    private static bool Matches(string[] row, string[] inputs) =>
        inputs.Index().All(input => row[input.Index] == "-" || row[input.Index].Split('|').Contains(input.Item));
}
