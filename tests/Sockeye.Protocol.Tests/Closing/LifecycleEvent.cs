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

    public static readonly CloseStatus Normal = new(WebSocketCloseCode.NormalClosure, "");
    public static readonly CloseStatus Away = new(WebSocketCloseCode.GoingAway, "");
    public static readonly CloseStatus Broken = new(WebSocketCloseCode.ProtocolError, "");
    public static readonly Exception Violation = new InvalidOperationException("violation");

    // The same object each time, so that equal stories lead to equal states.
    private static readonly Exception BrokenPipe = new IOException("broken pipe");
    private static readonly Exception Silent = new TimeoutException("silent");
    private static readonly Exception Reset = new IOException("reset");

    /// <summary>All events of a connection.</summary>
    public static IReadOnlyList<LifecycleEvent> All { get; } =
    [
        new("closed here", _ => true, life => life.Close(Normal)),
        new("closed by the peer, application done", _ => true, life => life.PeerClosed(Away) | life.ApplicationDone()),
        new("closed by the peer, application busy", _ => true, life => life.PeerClosed(Away) | life.AwaitApplication()),
        new("rule broken, application done", _ => true, life => life.Fail(Broken, Violation, false) | life.ApplicationDone()),
        new("rule broken, application busy", _ => true, life => life.Fail(Broken, Violation, false) | life.AwaitApplication()),
        new("handler threw", _ => true, life => life.Fail(Broken, Violation, true) | life.ApplicationDone()),
        new("application done", _ => true, life => life.ApplicationDone()),
        new(CloseWritten, story => story.HasQueuedEnd && !story.IsWritten, life => life.CloseWritten()),
        new(InputEnded, story => !story.HasInputEnded, life => life.InputEnded()),
        new(OutputFailed, story => !story.HasOutputFailed, life => life.OutputFailed(BrokenPipe)),
        new("peer given up", _ => true, life => life.GiveUp(Silent)),
        new("aborted", _ => true, life => life.Abort()),
        new("much discarded", _ => true, life => life.TooMuchDiscarded()),
        new("deadline passed", story => story.Wait != LifecycleWait.None, life => life.DeadlinePassed(TimeSpan.FromSeconds(1))),
        new(TransportGone, _ => true, life => life.TransportGone(Reset)),
    ];
}
