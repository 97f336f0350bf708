using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The end of a connection (§7) without a connection: each order of what can happen to it.</summary>
public sealed class ConnectionLifecycleTests
{
    // Seven in the gate, which takes a quarter of a minute.
    private static readonly int Depth =
        int.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_LIFECYCLE_DEPTH"), out int depth) ? depth : 6;

    private static readonly CloseStatus Normal = LifecycleEvent.Normal;
    private static readonly CloseStatus Away = LifecycleEvent.Away;
    private static readonly CloseStatus Broken = LifecycleEvent.Broken;
    private static readonly Exception Violation = LifecycleEvent.Violation;

    public static TheoryData<string> Roles => ["server", "client"];

    [Theory]
    [MemberData(nameof(Roles))]
    public void Every_order_of_events_ends_once_and_never_waits_without_a_deadline(string role)
    {
        var search = new LifecycleSearch(role == "server" ? Role.Server : Role.Client);

        Assert.All(
            search.Steps,
            step => Assert.Null(step.After.Story.FindFault(step.Commands, step.Before.Life, step.After.Life) is { } fault
                ? $"{fault}: {step.Before}; {step.Event.Name}" : null));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{search.StateCount:N0} states, {search.Steps.Count:N0} steps, all that there are; {search.CountSequences(7):N0} sequences of up to 7 events");
        Assert.True(search.CountSequences(7) > 10_000_000);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Every_short_order_of_events_one_by_one_does_what_the_search_by_states_found(string role)
    {
        // The search takes it for granted that nothing but its fields decides what a lifecycle does.
        var search = new LifecycleSearch(role == "server" ? Role.Server : Role.Client);

        Assert.Equal(search.CountSequences(Depth), Walk(new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client), default, Depth));
    }

    [Fact]
    public void The_page_about_closing_has_the_table_of_this_lifecycle()
    {
        const string Begin = "<!-- The table is generated: SOCKEYE_RECORD_TABLES=1 dotnet run --project tests/Sockeye.Protocol.Tests -->\n";
        string path = Path.Combine(RepositoryTree.Root, "docs", "explanation", "closing.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        Assert.True(begin >= Begin.Length, "The page has no place for the table.");
        int end = page.IndexOf("\n\n", begin, StringComparison.Ordinal) + 1;
        string table = LifecycleTable.Create();
        if (Environment.GetEnvironmentVariable("SOCKEYE_RECORD_TABLES") == "1")
        {
            File.WriteAllText(path, page[..begin] + table + page[end..]);
            return;
        }

        Assert.Equal(table, page[begin..end]);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void The_peer_closes_and_the_result_is_told_when_our_close_frame_is_written(string role)
    {
        var life = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);

        Assert.Equal(LifecycleCommands.None, life.PeerClosed(Away));
        Assert.Equal(LifecycleCommands.SendClose | LifecycleCommands.Schedule, life.ApplicationDone());
        Assert.False(life.IsReported);
        LifecycleCommands end = life.CloseWritten();

        // §7.1.1: the server ends the transport first.
        Assert.Equal(
            LifecycleCommands.Report | LifecycleCommands.Schedule
                | (role == "server" ? LifecycleCommands.EndOutput : LifecycleCommands.None),
            end);
        Assert.True(life.IsClean);
        Assert.Equal(Away, life.Outcome);
        Assert.Equal(LifecycleWait.Transport, life.Wait);
    }

    [Fact]
    public void An_application_that_is_done_before_it_was_asked_is_not_waited_for()
    {
        var life = new ConnectionLifecycle(Role.Client);
        life.PeerClosed(Normal);
        life.ApplicationDone();

        Assert.Equal(LifecycleCommands.None, life.AwaitApplication());
        Assert.Equal(LifecycleWait.Flush, life.Wait);
    }

    [Fact]
    public void A_violation_may_be_answered_before_it_is_told() // §7.1.7, and §5.5.1 by analogy
    {
        var life = new ConnectionLifecycle(Role.Server);

        Assert.Equal(LifecycleCommands.None, life.Fail(Broken, Violation, dropsReceived: false));
        Assert.Equal(LifecycleCommands.Schedule, life.AwaitApplication());
        Assert.True(life.IsInputOver);
        Assert.True(life.MaySendData);

        Assert.Equal(
            LifecycleCommands.SendCloseBeforePending | LifecycleCommands.EndOutput | LifecycleCommands.Schedule,
            life.DeadlinePassed(TimeSpan.FromSeconds(1)));
        Assert.Equal(Broken, life.CloseToSend);
        Assert.False(life.MaySendData);
    }

    [Fact]
    public void A_violation_that_waits_for_the_application_is_what_a_close_by_the_application_says()
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.Fail(Broken, Violation, dropsReceived: false);

        life.Close(Normal);

        Assert.Equal(Broken, life.CloseToSend);
        Assert.True(life.IsFailed);
    }

    [Fact]
    public void A_close_frame_that_never_left_makes_no_clean_end()
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.PeerClosed(Normal);
        life.ApplicationDone();

        life.TransportGone(error: null);

        Assert.False(life.IsClean);
        Assert.Equal(Normal, life.Outcome);
    }

    [Fact]
    public void A_peer_that_closed_and_went_keeps_its_code_though_it_could_not_be_answered()
    {
        var life = new ConnectionLifecycle(Role.Client);
        life.PeerClosed(Away);
        life.AwaitApplication();

        life.OutputFailed(new IOException("broken pipe"));
        Assert.Equal(LifecycleCommands.AbortTransport, life.DeadlinePassed(TimeSpan.FromSeconds(1)));
        life.TransportGone(error: null);

        Assert.Equal(Away, life.Outcome);
        Assert.False(life.IsClean);
        Assert.IsType<IOException>(life.Cause);
    }

    [Fact]
    public void A_failure_whose_close_frame_never_left_is_1006_with_its_cause()
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.Fail(Broken, Violation, dropsReceived: false);
        life.AwaitApplication();

        life.TransportGone(new IOException("reset"));

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, life.Outcome.Code);
        Assert.Same(Violation, life.Cause);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Only_the_applications_own_doing_drops_what_was_received(string role)
    {
        foreach (LifecycleEvent happening in LifecycleEvent.All)
        {
            var life = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);

            happening.Happen(life);

            Assert.Equal(happening.Name is "aborted" or "handler threw", life.DropsReceived);
        }
    }

    private static long Walk(ConnectionLifecycle life, LifecycleStory story, int depth)
    {
        long count = 0;
        foreach (LifecycleEvent happening in LifecycleEvent.All)
        {
            if (depth == 0 || !happening.MayHappen(story))
            {
                continue;
            }

            ConnectionLifecycle next = LifecycleSearch.Copy(life);
            LifecycleCommands commands = happening.Happen(next);
            LifecycleStory after = story.Then(happening.Name, commands, next);
            Assert.Null(after.FindFault(commands, life, next));
            count += 1 + Walk(next, after, depth - 1);
        }

        return count;
    }
}
