using System.Net.Sockets;

namespace Sockeye.Transports.Loops;

/// <summary>A group of event loops, among which connections are distributed evenly.</summary>
internal sealed class EventLoopGroup
{
    private static EventLoopGroup? SharedGroup;
    private static object? SharedGate;

    private readonly EventLoop[] _loops;
    private uint _turn;

    private EventLoopGroup(EventLoop[] loops) => _loops = loops;

    /// <summary>The loops that all clients of the process share, started on first use.</summary>
    /// <exception cref="SocketException">The system has no descriptors left. The next access tries again.</exception>
    public static EventLoopGroup Shared => LazyInitializer.EnsureInitialized(
        ref SharedGroup, ref SharedGate, static () => Start(EventLoopOptions.Default, TimeProvider.System));

    /// <summary>Starts the loops of a group.</summary>
    /// <param name="options">The number of loops, and the threshold for warnings.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SocketException">The system has no descriptors left.</exception>
    public static EventLoopGroup Start(EventLoopOptions options, TimeProvider time)
    {
        int count = options.Count;
        var loops = new List<EventLoop>(count);
        try
        {
            for (int index = 0; index < count; index++)
            {
                string name = $"Sockeye loop {index}";
                loops.Add(EventLoop.Start(name, options.SlowCallbackThreshold, time, options.Calls));
            }
        }
        catch
        {
            loops.ForEach(static loop => loop.StopWhenEmpty());
            throw;
        }

        return new EventLoopGroup([.. loops]);
    }

    /// <summary>All loops of the group.</summary>
    public IReadOnlyList<EventLoop> Loops => _loops;

    /// <summary>Returns the loop that gets the next connection, in rotation; unresponsive loops are skipped.</summary>
    public EventLoop Next()
    {
        EventLoop first = NextInTurn();
        EventLoop next = first;
        for (int count = 1; count < _loops.Length && !next.IsResponsive; count++)
        {
            next = NextInTurn();
        }

        return next.IsResponsive ? next : first;
    }

    private EventLoop NextInTurn() => _loops[(Interlocked.Increment(ref _turn) - 1) % (uint)_loops.Length];

    /// <summary>Ends each loop once it has no sources left.</summary>
    public void StopWhenEmpty()
    {
        foreach (EventLoop loop in _loops)
        {
            loop.StopWhenEmpty();
        }
    }
}
