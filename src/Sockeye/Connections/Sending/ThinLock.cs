using System.Runtime.CompilerServices;

namespace Sockeye.Connections.Sending;

/// <summary>A lock in four bytes, for objects that every connection has. Not reentrant.</summary>
/// <remarks>
/// <para>
/// The four bytes are a field of the object that is locked, initially 0 and not used otherwise: a struct of its own would
/// be padded to eight.
/// </para>
/// <para>
/// Without contention, which is nearly always, it costs two atomic instructions: half of what <see cref="Lock"/> takes and
/// a third of what a monitor takes. A thread that has to wait first spins for a moment, and then sleeps on a monitor, which
/// the runtime creates only then.
/// </para>
/// </remarks>
internal static class ThinLock
{
    private const int Free = 0;
    private const int Held = 1;

    // Held, and the thread that releases it wakes one that may be asleep.
    private const int Awaited = 2;

    /// <summary>Waits for the lock and takes it, until the scope is disposed.</summary>
    /// <param name="state">The lock.</param>
    /// <param name="monitor">What to sleep on: the object that contains the lock, whose monitor has no other use.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scope Hold(ref int state, object monitor)
    {
        if (Interlocked.CompareExchange(ref state, Held, Free) != Free)
        {
            Wait(ref state, monitor);
        }

        return new Scope(ref state, monitor);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Wait(ref int state, object monitor)
    {
        // It is held for the length of a copy, which is shorter than a sleep.
        SpinWait spin = default;
        while (!spin.NextSpinWillYield)
        {
            spin.SpinOnce();
            if (Volatile.Read(ref state) == Free && Interlocked.CompareExchange(ref state, Held, Free) == Free)
            {
                return;
            }
        }

        // From here on the state is Awaited whenever this thread may be asleep, and also after it took the lock: others may wait.
        while (Interlocked.Exchange(ref state, Awaited) != Free)
        {
            lock (monitor)
            {
                // A wake-up between the exchange and here would be missed; but then the state has changed.
                if (Volatile.Read(ref state) == Awaited)
                {
                    Monitor.Wait(monitor);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Wake(object monitor)
    {
        lock (monitor)
        {
            Monitor.Pulse(monitor);
        }
    }

    /// <summary>Holds the lock until it is disposed.</summary>
    public readonly ref struct Scope
    {
        private readonly ref int _state;
        private readonly object _monitor;

        internal Scope(ref int state, object monitor)
        {
            _state = ref state;
            _monitor = monitor;
        }

        /// <summary>Releases the lock.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _state, Free) == Awaited)
            {
                Wake(_monitor);
            }
        }
    }
}
