using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The events of one connection so far, as its transport and its application see them.</summary>
internal readonly record struct LifecycleStory(
    int CloseCount, bool HasQueuedEnd, bool IsWritten, bool HasInputEnded, bool HasOutputFailed, int ReportCount,
    bool IsAborted, bool IsGone, bool WasGone, bool HasStoppedPings, bool HasStoppedDeadlines, LifecycleWait Wait)
{
    private const LifecycleCommands SendsClose = LifecycleCommands.SendClose | LifecycleCommands.SendCloseBeforePending;

    private const LifecycleCommands OfTransport =
        SendsClose | LifecycleCommands.ExpediteClose | LifecycleCommands.EndOutput | LifecycleCommands.CloseWhenWritten
        | LifecycleCommands.CloseTransport | LifecycleCommands.AbortTransport;

    /// <summary>Returns the story with one more event.</summary>
    public LifecycleStory Then(string name, LifecycleCommands commands, ConnectionLifecycle after) => this with
    {
        CloseCount = CloseCount + ((commands & SendsClose) != 0 ? 1 : 0),
        HasQueuedEnd = HasQueuedEnd || (commands & (SendsClose | LifecycleCommands.EndSends)) != 0,
        IsWritten = IsWritten || name == LifecycleEvent.CloseWritten,
        HasInputEnded = HasInputEnded || name == LifecycleEvent.InputEnded,
        HasOutputFailed = HasOutputFailed || name == LifecycleEvent.OutputFailed,
        ReportCount = ReportCount + ((commands & LifecycleCommands.Report) != 0 ? 1 : 0),
        IsAborted = IsAborted || (commands & LifecycleCommands.AbortTransport) != 0,
        IsGone = IsGone || name == LifecycleEvent.TransportGone,
        WasGone = IsGone,
        HasStoppedPings = HasStoppedPings || (commands & LifecycleCommands.StopPings) != 0,
        HasStoppedDeadlines = HasStoppedDeadlines || (commands & LifecycleCommands.StopDeadlines) != 0,
        Wait = after.Wait,
    };

    /// <summary>Describes the invariant that an event has violated; <see langword="null"/> if there is none.</summary>
    public string? FindFault(LifecycleCommands commands, ConnectionLifecycle before, ConnectionLifecycle after)
    {
        bool isEnding = after.IsInputOver || !after.MaySendData;
        return
            CloseCount > 1 ? "more than one Close frame"
            : ReportCount != (after.IsReported ? 1 : 0) ? "not exactly one result"
            : IsGone && !after.IsReported ? "no result at the end"
            : before.IsInputOver && !after.IsInputOver ? "input that goes on again"
            : (commands & LifecycleCommands.ExpediteClose) != 0 && CloseCount != 1 ? "nothing to expedite"
            : after.MaySendData && CloseCount != 0 ? "data behind a Close frame"
            : WasGone && (commands & OfTransport) != 0 ? "a command to a transport that is gone"
            : before.DropsReceived && !after.DropsReceived ? "delivery after failure"
            : before.IsReported && HasChanged(before, after) ? "a result that changes"
            : isEnding && !IsGone && !IsAborted && after.Wait == LifecycleWait.None ? "a wait without a deadline"
            : !isEnding && !IsGone && HasStoppedPings ? "an open connection without keep-alive"
            : IsGone && !(HasStoppedPings && HasStoppedDeadlines) ? "a deadline that is armed after the end"
            : HasInputEnded && HasOutputFailed && !IsGone && !IsAborted ? "a wait for a transport that has ended"
            : isEnding && !IsGone && !IsAborted && !Ends(after) ? "deadlines that lead nowhere"
            : null;
    }

    /// <summary>What is wrong with an answer to one of <see cref="LifecycleEvent.Questions"/>; <see langword="null"/> if nothing is.</summary>
    public string? FindFaultInAnswer(LifecycleCommands commands, ConnectionLifecycle life)
    {
        bool isOpen = !life.IsInputOver && life.MaySendData && life.Wait == LifecycleWait.None && !IsGone;
        return
            (commands & LifecycleCommands.SendPing) != 0 && CloseCount != 0 ? "a ping behind a Close frame"
            : (commands & LifecycleCommands.AnswerPing) != 0 && (IsWritten || IsGone) ? "a pong that cannot be sent"
            : (commands & LifecycleCommands.WatchSends) != 0 && IsGone ? "a deadline that is armed after the end"
            : isOpen && commands == LifecycleCommands.None ? "no answer on an open connection"
            : (commands & ~(LifecycleCommands.SendPing | LifecycleCommands.AnswerPing | LifecycleCommands.WatchSends)) != 0 ? "an answer that changes the connection"
            : null;
    }

    // By the message, since another path to the same state created another exception object.
    private static bool HasChanged(ConnectionLifecycle before, ConnectionLifecycle after) =>
        before.Outcome != after.Outcome || before.IsClean != after.IsClean || before.Cause?.Message != after.Cause?.Message
        || before.IsBegunHere != after.IsBegunHere;

    // Whether deadlines alone, without any other event, end the connection.
    private static bool Ends(ConnectionLifecycle life)
    {
        ConnectionLifecycle left = LifecycleSearch.Copy(life);
        for (int i = 0; i < 5; i++)
        {
            if ((left.DeadlinePassed(TimeSpan.FromSeconds(1)) & LifecycleCommands.AbortTransport) != 0)
            {
                return true;
            }
        }

        return false;
    }
}
