using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Limits how long a serve method that finds a message at every receive keeps its thread of the pool. Guarded by the lock of its
/// receiver.
/// </summary>
internal struct TakenSlice
{
    // How often the clock is read while messages are taken without a wait; the first time early.
    private const int LookInterval = 8;
    private const int FirstLook = 2;

    private int _takenCount;
    private long _start;
    private long _demotedAt;
    private bool _isDemoted;

    /// <summary>Begins a new turn: the method waits for a message or for its turn.</summary>
    public void Restart() => _takenCount = 0;

    /// <summary>Notes that the method receives another message.</summary>
    /// <returns>Whether the turn is used up, so that others get theirs before the next message.</returns>
    public bool NoteTaken(TimeProvider time)
    {
        bool isFirst = ++_takenCount == FirstLook;
        if (!isFirst && _takenCount % LookInterval != 0)
        {
            return false;
        }

        long now = time.GetTimestamp();
        if (isFirst)
        {
            _start = now;
        }
        else if (time.GetElapsedTime(_start, now) >= TimeSlice.Length)
        {
            _isDemoted = true;
            _demotedAt = now;
            return true;
        }

        return false;
    }

    /// <summary>Whether the method used up a turn within the last second.</summary>
    public bool IsDemoted(TimeProvider time) => _isDemoted && (_isDemoted = time.GetElapsedTime(_demotedAt) < TimeSlice.DemotionTime);
}
