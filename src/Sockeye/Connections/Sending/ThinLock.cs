using System.Runtime.CompilerServices;

namespace Sockeye.Connections.Sending;

/// <summary>A lock in four bytes, for what there is one of per connection. Not reentrant.</summary>
/// <remarks>
/// <para>
/// The four bytes are a field of whoever is locked, 0 at first and touched by nobody else: a struct of its own would be
/// padded to eight.
/// </para>
/// <para>
/// Uncontended, which it nearly always is, it costs two atomic instructions: half of what <see cref="Lock"/> takes and a
/// third of what a monitor takes. Whoever has to wait first spins for a moment, and then sleeps on a monitor, which only
/// then comes into being.
/// </para>
/// </remarks>
internal static class ThinLock
{
    private const int Free = 0;
    private const int Held = 1;

    // Held, and whoever lets go of it is to wake one who may be asleep.
    private const int Awaited = 2;

    /// <summary>Waits for the lock and takes it, until the scope is disposed of.</summary>
    /// <param name="state">The lock.</param>
    /// <param name="monitor">What to sleep on: the object that the lock is in, and nobody else's monitor.</param>
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
        // It is held for the length of a copy; that passes sooner than a sleep.
        SpinWait spin = default;
        while (!spin.NextSpinWillYield)
        {
            spin.SpinOnce();
            if (Volatile.Read(ref state) == Free && Interlocked.CompareExchange(ref state, Held, Free) == Free)
            {
                return;
            }
        }

        // From here on the state is Awaited whenever we may be asleep, also when it is us who took it: there may be more.
        while (Interlocked.Exchange(ref state, Awaited) != Free)
        {
            lock (monitor)
            {
                // A wake between the exchange and here would be missed; but then the state is another.
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

    /// <summary>While it lasts, the lock is held.</summary>
    public readonly ref struct Scope
    {
        private readonly ref int _state;
        private readonly object _monitor;

        internal Scope(ref int state, object monitor)
        {
            _state = ref state;
            _monitor = monitor;
        }

        /// <summary>Lets go of the lock.</summary>
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
