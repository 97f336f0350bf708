using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>An event of a connection, and when it may happen.</summary>
/// <param name="Name">The name in the documentation.</param>
/// <param name="MayHappen">Whether it can happen after the events so far.</param>
/// <param name="Happen">Passes it to a lifecycle.</param>
internal sealed record LifecycleEvent(
    string Name, Func<LifecycleStory, bool> MayHappen, Func<ConnectionLifecycle, LifecycleCommands> Happen)
{
    public const string CloseWritten = "Close frame written";
    public const string InputEnded = "input ended";
    public const string OutputFailed = "output failed";
    public const string TransportGone = "transport gone";

    private const string SendStalled = "send stalled";
    private const string RuleBroken = "rule broken, application done";

    public static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");
    public static readonly CloseStatus Away = new(WebSocketCloseCode.GoingAway, "");
    public static readonly CloseStatus Broken = new(WebSocketCloseCode.ProtocolError, "");
    public static readonly Exception Violation = new InvalidOperationException("violation");

    // The same object each time, so that equal stories lead to equal states.
    private static readonly Exception BrokenPipe = new IOException("broken pipe");
    private static readonly Exception Stalled = new TimeoutException("stalled");
    private static readonly Exception Reset = new IOException("reset");

    /// <summary>
    /// The event that leads to the same state, where this one leads anywhere. The search by states checks that; sequences of events
    /// are counted without this one.
    /// </summary>
    public string? Twin { get; private init; }

    /// <summary>All that can change the state.</summary>
    public static IReadOnlyList<LifecycleEvent> All { get; } =
    [
        new("closed here", _ => true, life => life.Close(Normal)),
        new("closed by the peer, application done", _ => true, life => life.PeerClosed(Away) | life.ApplicationDone()),
        new("closed by the peer, application busy", _ => true, life => life.PeerClosed(Away) | life.AwaitApplication()),
        new(RuleBroken, _ => true, life => life.Fail(Broken, Violation, false) | life.ApplicationDone()),
        new("rule broken, application busy", _ => true, life => life.Fail(Broken, Violation, false) | life.AwaitApplication()),
        new("handler threw", _ => true, life => life.Fail(Broken, Violation, true) | life.ApplicationDone()),
        new("application done", _ => true, life => life.ApplicationDone()),
        new(CloseWritten, story => story.HasQueuedEnd && !story.IsWritten, life => life.CloseWritten()),
        new(InputEnded, story => !story.HasInputEnded, life => life.InputEnded()),
        new(OutputFailed, story => !story.HasOutputFailed, life => life.OutputFailed(BrokenPipe)),
        new("peer silent", story => !story.HasStoppedPings, life => life.PeerSilent(Stalled)) { Twin = SendStalled },
        new(SendStalled, story => !story.IsGone, life => life.SendStalled(Stalled)),
        new("message stalled, application done", story => !story.IsGone, StallMessage) { Twin = RuleBroken },
        new("aborted", _ => true, life => life.Abort()),
        new("left", _ => true, life => life.Leave()),
        new("much discarded", _ => true, life => life.TooMuchDiscarded()),
        new("deadline passed", story => story.Wait != LifecycleWait.None, life => life.DeadlinePassed(TimeSpan.FromSeconds(1))),
        new(TransportGone, _ => true, life => life.TransportGone(Reset)),
    ];
    /// <summary>Those that ask what to do and change no state, so that an open connection needs no lifecycle for them.</summary>
    public static IReadOnlyList<LifecycleEvent> Questions { get; } =
    [
        new("ping due", story => !story.HasStoppedPings, life => life.PingDue()),
        new("ping received", story => !story.IsGone, life => life.PingReceived()),
        new("write blocked", _ => true, life => life.WriteBlocked()),
    ];

    // The application is asked only if this fails the connection.
    private static LifecycleCommands StallMessage(ConnectionLifecycle life)
    {
        bool wasOver = life.IsInputOver;
        LifecycleCommands commands = life.MessageStalled(Broken, Violation);
        return life.IsInputOver && !wasOver ? commands | life.ApplicationDone() : commands;
    }
}
