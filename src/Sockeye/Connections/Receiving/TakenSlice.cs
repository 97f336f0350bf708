using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// How much a method has taken that finds a message each time that it asks: it would keep its thread of the pool as long as its
/// peer sends. Under the lock of its receiver.
/// </summary>
internal struct TakenSlice
{
    // Of how many messages that are taken without a wait the clock is asked at one; first at an early one.
    private const int LookInterval = 8;
    private const int FirstLook = 2;

    private int _takenCount;
    private long _start;
    private long _demotedAt;
    private bool _isDemoted;

    /// <summary>The method waits, for a message or for its turn: a slice begins when it goes on.</summary>
    public void Restart() => _takenCount = 0;

    /// <summary>The method asks for another message.</summary>
    /// <returns>Whether it has used up a slice, so that others are to have their turn if there is a message.</returns>
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

    /// <summary>Whether it used up a slice a moment ago.</summary>
    public bool IsDemoted(TimeProvider time) => _isDemoted && (_isDemoted = time.GetElapsedTime(_demotedAt) < TimeSlice.DemotionTime);
}
