namespace Sockeye.Transports.Loops;

/// <summary>
/// Tells a source what happened in its own calls. Whatever a source throws, there too, ends that source at most: never the loop,
/// which serves all the others.
/// </summary>
internal static class SourceFaults
{
    /// <summary>Calls <see cref="IEventLoopSource.OnFaulted"/>. Never throws.</summary>
    public static void TellFault(this IEventLoopSource source, Exception exception)
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
    public static void TellHeldUp(this IEventLoopSource source, TimeSpan duration)
    {
        try
        {
            source.OnHeldUp(duration);
        }
        catch (Exception exception)
        {
            source.TellFault(exception);
        }
    }

    /// <summary>Calls <see cref="IEventLoopSource.OnStuck"/>. Never throws.</summary>
    public static void TellStuck(this IEventLoopSource source, TimeSpan duration)
    {
        try
        {
            source.OnStuck(duration);
        }
        catch (Exception exception)
        {
            // Not for the source, whose other calls are made on another thread.
            FaultTrace.Write(exception);
        }
    }
}
