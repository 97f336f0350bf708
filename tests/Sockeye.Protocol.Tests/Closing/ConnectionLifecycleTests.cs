using System.Reflection;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The end of a connection (§7) without a connection: each order of what can happen to it.</summary>
public sealed class ConnectionLifecycleTests
{
    private const LifecycleCommands SendsClose = LifecycleCommands.SendClose | LifecycleCommands.SendCloseBeforePending;

    private static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");
    private static readonly CloseStatus Away = new(WebSocketCloseCode.GoingAway, "");
    private static readonly CloseStatus Broken = new(WebSocketCloseCode.ProtocolError, "");
    private static readonly Exception Violation = new InvalidOperationException("violation");

    private static readonly (string Name, Func<Story, bool> MayHappen, Func<ConnectionLifecycle, LifecycleCommands> Happen)[] Events =
    [
        ("closed here", _ => true, life => life.Close(Normal)),
        ("closed by the peer, application done", _ => true, life => life.PeerClosed(Away) | life.ApplicationDone()),
        ("closed by the peer, application busy", _ => true, life => life.PeerClosed(Away) | life.AwaitApplication()),
        ("rule broken, application done", _ => true, life => life.Fail(Broken, Violation, false) | life.ApplicationDone()),
        ("rule broken, application busy", _ => true, life => life.Fail(Broken, Violation, false) | life.AwaitApplication()),
        ("handler threw", _ => true, life => life.Fail(Broken, Violation, true) | life.ApplicationDone()),
        ("application done", _ => true, life => life.ApplicationDone()),
        ("Close frame written", story => story.HasQueuedEnd && !story.IsWritten, life => life.CloseWritten()),
        ("input ended", story => !story.HasInputEnded, life => life.InputEnded()),
        ("output failed", story => !story.HasOutputFailed, life => life.OutputFailed(new IOException("broken pipe"))),
        ("peer given up", _ => true, life => life.GiveUp(new TimeoutException("silent"))),
        ("aborted", _ => true, life => life.Abort()),
        ("much discarded", _ => true, life => life.TooMuchDiscarded()),
        ("deadline passed", story => story.Wait != LifecycleWait.None, life => life.DeadlinePassed(TimeSpan.FromSeconds(1))),
        ("transport gone", _ => true, life => life.TransportGone(new IOException("reset"))),
    ];

    private static readonly Func<object, object> Clone =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!
            .CreateDelegate<Func<object, object>>();

    public static TheoryData<string> Roles => ["server", "client"];

    [Theory]
    [MemberData(nameof(Roles))]
    public void Every_order_of_events_ends_once_and_never_waits_without_a_deadline(string role)
    {
        var lifecycle = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);
        long count = Explore(lifecycle, default, [], depth: 6);

        TestContext.Current.TestOutputHelper?.WriteLine($"{count:N0} orders of events");
        Assert.True(count > 1_000_000, $"Only {count} orders were tried.");
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
        foreach ((string name, _, Func<ConnectionLifecycle, LifecycleCommands> happen) in Events)
        {
            var life = new ConnectionLifecycle(role == "server" ? Role.Server : Role.Client);

            happen(life);

            Assert.Equal(name is "aborted" or "handler threw", life.DropsReceived);
        }
    }

    private static long Explore(ConnectionLifecycle life, Story story, List<string> names, int depth)
    {
        long count = 1;
        if (depth == 0 || story.IsGone)
        {
            return count;
        }

        foreach ((string name, Func<Story, bool> mayHappen, Func<ConnectionLifecycle, LifecycleCommands> happen) in Events)
        {
            if (!mayHappen(story))
            {
                continue;
            }

            var next = (ConnectionLifecycle)Clone(life);
            names.Add(name);
            Story after = story.Then(name, happen(next), life, next, names);
            count += Explore(next, after, names, depth - 1);
            names.RemoveAt(names.Count - 1);
        }

        return count;
    }

    // What has happened to one connection so far, and whether that may be.
    private readonly record struct Story(
        int CloseCount, bool HasQueuedEnd, bool IsWritten, bool HasInputEnded, bool HasOutputFailed, int ReportCount,
        bool IsAborted, bool IsGone, LifecycleWait Wait)
    {
        public Story Then(
            string name, LifecycleCommands commands, ConnectionLifecycle before, ConnectionLifecycle after, List<string> names)
        {
            Story story = this with
            {
                CloseCount = CloseCount + ((commands & SendsClose) != 0 ? 1 : 0),
                HasQueuedEnd = HasQueuedEnd || (commands & (SendsClose | LifecycleCommands.EndSends)) != 0,
                IsWritten = IsWritten || name == "Close frame written",
                HasInputEnded = HasInputEnded || name == "input ended",
                HasOutputFailed = HasOutputFailed || name == "output failed",
                ReportCount = ReportCount + ((commands & LifecycleCommands.Report) != 0 ? 1 : 0),
                IsAborted = IsAborted || (commands & LifecycleCommands.AbortTransport) != 0,
                IsGone = name == "transport gone",
                Wait = after.Wait,
            };
            story.Check(commands, before, after, names);
            return story;
        }

        private void Check(
            LifecycleCommands commands, ConnectionLifecycle before, ConnectionLifecycle after, List<string> names)
        {
            // Not interpolated before it is needed: this runs millions of times.
            True(CloseCount <= 1, "more than one Close frame", names);
            True(ReportCount == (after.IsReported ? 1 : 0), "not exactly one result", names);
            True(!IsGone || after.IsReported, "no result at the end", names);
            True(before.IsInputOver.CompareTo(after.IsInputOver) <= 0, "input that goes on again", names);
            True((commands & LifecycleCommands.ExpediteClose) == 0 || CloseCount == 1, "nothing to expedite", names);
            True(!after.MaySendData || CloseCount == 0, "data behind a Close frame", names);
            if (before.IsReported)
            {
                True(
                    before.Outcome == after.Outcome && before.IsClean == after.IsClean && before.Cause == after.Cause
                        && before.IsBegunHere == after.IsBegunHere,
                    "a result that changes",
                    names);
            }

            bool isEnding = after.IsInputOver || !after.MaySendData;
            True(!isEnding || IsGone || IsAborted || after.Wait != LifecycleWait.None, "a wait without a deadline", names);
            if (isEnding && !IsGone && !IsAborted)
            {
                True(Ends(after), "deadlines that lead nowhere", names);
            }
        }

        // Whether deadlines alone, with nothing else ever happening, end the connection.
        private static bool Ends(ConnectionLifecycle life)
        {
            var left = (ConnectionLifecycle)Clone(life);
            for (int i = 0; i < 5; i++)
            {
                if ((left.DeadlinePassed(TimeSpan.FromSeconds(1)) & LifecycleCommands.AbortTransport) != 0)
                {
                    return true;
                }
            }

            return false;
        }

        private static void True(bool condition, string what, List<string> names)
        {
            if (!condition)
            {
                Assert.Fail($"{what}: {string.Join("; ", names)}");
            }
        }
    }
}
