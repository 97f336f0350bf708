using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The end of a connection (§7) without a transport: every order of events.</summary>
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
    public void Every_sequence_of_events_ends_once_and_never_waits_without_a_deadline(string role)
    {
        var search = new LifecycleSearch(role == "server" ? Role.Server : Role.Client);

        Assert.All(
            search.Steps,
            step => Assert.Null(step.After.Story.FindFault(step.Commands, step.Before.Life, step.After.Life) is { } fault
                ? $"{fault}: {step.Before}; {step.Event.Name}" : null));
        Assert.All(
            search.Answers,
            step =>
            {
                Assert.Null(step.Before.Story.FindFaultInAnswer(step.Commands, step.Before.Life) is { } fault
                    ? $"{fault}: {step.Before}; {step.Event.Name}" : null);
                Assert.Same(step.Before, step.After);
            });
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{search.StateCount:N0} states, {search.Steps.Count:N0} steps, all that there are; {search.CountSequences(7):N0} sequences of up to 7 events");
        Assert.True(search.CountSequences(7) > 10_000_000);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Every_short_sequence_of_events_has_the_result_of_the_search_by_states(string role)
    {
        // The search assumes that only its fields determine what a lifecycle does.
        var search = new LifecycleSearch(role == "server" ? Role.Server : Role.Client);

        Assert.Equal(search.CountSequences(Depth), Walk(new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client), default, Depth));
    }

    [Fact]
    public void The_page_about_closing_contains_the_table_of_this_lifecycle()
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
    public void After_the_peer_closes_the_result_is_reported_when_our_close_frame_is_written(string role)
    {
        var life = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);

        Assert.Equal(LifecycleCommands.None, life.PeerClosed(Away));
        Assert.Equal(LifecycleCommands.SendClose | LifecycleCommands.Schedule, life.ApplicationDone());
        Assert.False(life.IsReported);
        LifecycleCommands end = life.CloseWritten();

        // RFC 6455 §7.1.1: the server ends the transport first.
        Assert.Equal(
            LifecycleCommands.Report | LifecycleCommands.StopPings | LifecycleCommands.Schedule
                | (role == "server" ? LifecycleCommands.EndOutput : LifecycleCommands.None),
            end);
        Assert.True(life.IsClean);
        Assert.Equal(Away, life.Outcome);
        Assert.Equal(LifecycleWait.Transport, life.Wait);
    }

    [Fact]
    public void An_application_that_finishes_early_is_not_waited_for()
    {
        var life = new ConnectionLifecycle(Role.Client);
        life.PeerClosed(Normal);
        life.ApplicationDone();

        Assert.Equal(LifecycleCommands.None, life.AwaitApplication());
        Assert.Equal(LifecycleWait.Flush, life.Wait);
    }

    [Fact]
    public void The_close_frame_for_a_violation_may_be_sent_before_the_violation_is_reported() // §7.1.7, and §5.5.1 by analogy
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
    public void A_pending_violation_determines_the_code_of_a_close_by_the_application()
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.Fail(Broken, Violation, dropsReceived: false);

        life.Close(Normal);

        Assert.Equal(Broken, life.CloseToSend);
        Assert.True(life.IsFailed);
    }

    [Fact]
    public void An_end_is_not_clean_if_our_close_frame_was_never_sent()
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.PeerClosed(Normal);
        life.ApplicationDone();

        life.TransportGone(error: null);

        Assert.False(life.IsClean);
        Assert.Equal(Normal, life.Outcome);
    }

    [Fact]
    public void The_code_of_a_peer_that_closed_and_left_is_kept_although_no_response_could_be_sent()
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

    [Theory]
    [MemberData(nameof(Roles))]
    public void Nothing_is_waited_for_once_both_directions_of_the_transport_have_ended(string role)
    {
        var brokenPipe = new IOException("broken pipe");
        foreach (Action<ConnectionLifecycle> begin in (Action<ConnectionLifecycle>[])
            [
                static _ => { },
                static life => life.Close(Normal),
                static life => life.PeerClosed(Away),
                static life => { life.PeerClosed(Away); life.ApplicationDone(); },
                static life => { life.PeerClosed(Away); life.ApplicationDone(); life.CloseWritten(); },
                static life => { life.Fail(Broken, Violation, dropsReceived: false); life.ApplicationDone(); },
            ])
        {
            var inputFirst = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);
            var outputFirst = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);
            begin(inputFirst);
            begin(outputFirst);

            inputFirst.InputEnded();
            outputFirst.OutputFailed(brokenPipe);

            Assert.Equal(LifecycleCommands.AbortTransport, inputFirst.OutputFailed(brokenPipe));
            Assert.Equal(LifecycleCommands.AbortTransport, outputFirst.InputEnded());
        }
    }

    [Fact]
    public void A_failure_whose_close_frame_was_never_sent_is_1006_with_its_cause()
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
    public void Only_an_action_of_the_application_drops_received_messages(string role)
    {
        foreach (LifecycleEvent happening in LifecycleEvent.All)
        {
            var life = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);

            happening.Happen(life);

            Assert.Equal(happening.Name is "aborted" or "left" or "handler threw", life.DropsReceived);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void An_event_with_a_twin_leads_where_that_leads_or_nowhere(string role)
    {
        LifecycleSearch.Step[] steps = [.. new LifecycleSearch(role == "server" ? Role.Server : Role.Client).Steps];
        ILookup<LifecycleSearch.State, LifecycleSearch.Step> byState = steps.ToLookup(step => step.Before);

        foreach (LifecycleSearch.Step step in steps.Where(step => step.Event.Twin is not null && step.After != step.Before))
        {
            LifecycleSearch.Step twin = byState[step.Before].Single(other => other.Event.Name == step.Event.Twin);
            Assert.Same(twin.After, step.After);
            Assert.Equal(twin.Commands, step.Commands);
        }
    }

    [Fact]
    public void An_open_connection_sends_pings_and_answers_them_and_watches_blocked_writes()
    {
        var life = new ConnectionLifecycle(Role.Server);

        Assert.Equal(LifecycleCommands.SendPing, life.PingDue());
        Assert.Equal(LifecycleCommands.AnswerPing, life.PingReceived());
        Assert.Equal(LifecycleCommands.WatchSends, life.WriteBlocked());
    }

    [Fact]
    public void A_ping_is_answered_while_our_close_frame_waits_and_not_after_the_peers() // §5.5.2
    {
        var life = new ConnectionLifecycle(Role.Server);
        life.Close(Normal);

        Assert.Equal(LifecycleCommands.AnswerPing, life.PingReceived());
        Assert.Equal(LifecycleCommands.None, life.PingDue());
        life.PeerClosed(Away);

        Assert.Equal(LifecycleCommands.None, life.PingReceived());
    }

    [Fact]
    public void A_silent_peer_ends_an_open_connection_and_leaves_a_closing_one_to_its_own_deadlines()
    {
        var open = new ConnectionLifecycle(Role.Server);
        var closing = new ConnectionLifecycle(Role.Server);
        closing.Close(Normal);

        Assert.Equal(LifecycleCommands.AbortTransport, open.PeerSilent(Violation));
        Assert.Equal(LifecycleCommands.None, closing.PeerSilent(Violation));
        Assert.Same(Violation, open.Cause);
    }

    [Fact]
    public void A_peer_that_stalls_in_a_message_gets_a_close_frame_and_only_while_the_connection_is_open()
    {
        var open = new ConnectionLifecycle(Role.Server);
        var closing = new ConnectionLifecycle(Role.Server);
        closing.Close(Normal);

        open.MessageStalled(Broken, Violation);

        Assert.Equal(
            LifecycleCommands.SendCloseBeforePending | LifecycleCommands.EndOutput | LifecycleCommands.Schedule, open.ApplicationDone());
        Assert.Equal(LifecycleCommands.None, closing.MessageStalled(Broken, Violation));
        Assert.False(closing.IsFailed);
    }

    private static long Walk(ConnectionLifecycle life, LifecycleStory story, int depth)
    {
        long count = 0;
        foreach (LifecycleEvent happening in LifecycleEvent.All)
        {
            if (depth == 0 || happening.Twin is not null || !happening.MayHappen(story))
            {
                continue;
            }

            ConnectionLifecycle next = LifecycleSearch.Copy(life);
            LifecycleCommands commands = happening.Happen(next);
            LifecycleStory after = story.Then(happening.Name, commands, next);
            if (after.FindFault(commands, life, next) is { } fault)
            {
                Assert.Fail(fault);
            }

            CheckAnswers(after, next);
            count += 1 + Walk(next, after, depth - 1);
        }

        return count;
    }

    private static void CheckAnswers(LifecycleStory story, ConnectionLifecycle life)
    {
        foreach (LifecycleEvent question in LifecycleEvent.Questions)
        {
            if (question.MayHappen(story) && story.FindFaultInAnswer(question.Happen(life), life) is { } fault)
            {
                Assert.Fail(fault);
            }
        }
    }
}
