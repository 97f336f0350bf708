namespace Sockeye.Transports.Loops;

/// <summary>
/// Notifies sources of faults in their own calls. An exception that a source throws, here too, ends at most that source, never
/// the loop that serves all the others.
/// </summary>
internal static class SourceFaults
{
    /// <summary>Calls <see cref="IEventLoopSource.OnFaulted"/>. Never throws.</summary>
    public static void NotifyFaulted(this IEventLoopSource source, Exception exception)
    {
        try
        {
            source.OnFaulted(exception);
        }
        catch (Exception second)
        {
            FaultTrace.Write(exception);
            FaultTrace.Write(second);
        }
    }

    /// <summary>Calls <see cref="IEventLoopSource.OnHeldUp"/>. Never throws.</summary>
    public static void NotifyHeldUp(this IEventLoopSource source, TimeSpan duration)
    {
        try
        {
            source.OnHeldUp(duration);
        }
        catch (Exception exception)
        {
            source.NotifyFaulted(exception);
        }
    }

    /// <summary>Calls <see cref="IEventLoopSource.OnStuck"/>. Never throws.</summary>
    public static void NotifyStuck(this IEventLoopSource source, TimeSpan duration)
    {
        try
        {
            source.OnStuck(duration);
        }
        catch (Exception exception)
        {
            // Not passed to OnFaulted: the source's other calls are made on another thread.
            FaultTrace.Write(exception);
        }
    }
}
