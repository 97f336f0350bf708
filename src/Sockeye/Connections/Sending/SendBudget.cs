namespace Sockeye.Connections.Sending;

/// <summary>Counts what is buffered against the limit. Changed under the lock of its <see cref="SendQueue"/>.</summary>
internal struct SendBudget
{
    // Room for control frames that users send, beyond the limit for data.
    private const int ControlReserve = 4 * 1024;

    // In this order they take 16 bytes.
    private long _buffered;
    private readonly int _limit;
    private bool _isCongested;

    public SendBudget(int limit) => _limit = limit;

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken. Any thread.</summary>
    public readonly long Buffered => Volatile.Read(in _buffered);

    /// <summary>Whether the limit was reached and the buffer has not drained since. Any thread.</summary>
    public readonly bool IsCongested => Volatile.Read(in _isCongested);

    /// <summary>
    /// Whether a message may be added: while less than the limit is buffered, so that one of any length can be sent,
    /// and the limit is passed by one message at most.
    /// </summary>
    public readonly bool HasRoom => HasRoomBeside(0);

    /// <summary>Whether there would be room without some of what is buffered.</summary>
    public readonly bool HasRoomBeside(long length) => _buffered - length < _limit;

    /// <summary>Whether a control frame of the user's may be added.</summary>
    public readonly bool HasRoomForControl => _buffered < (long)_limit + ControlReserve;

    /// <summary>Counts bytes that were accepted.</summary>
    public void Add(long length)
    {
        Volatile.Write(ref _buffered, _buffered + length);
        if (_buffered >= _limit)
        {
            Volatile.Write(ref _isCongested, true);
        }
    }

    /// <summary>Counts bytes that were taken, or given up.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool Subtract(long length)
    {
        Volatile.Write(ref _buffered, _buffered - length);

        // At half the limit, so that a peer just fast enough doesn't make us start and stop at every frame.
        bool drained = _isCongested && _buffered <= _limit / 2;
        if (drained)
        {
            Volatile.Write(ref _isCongested, false);
        }

        return drained;
    }

    /// <summary>Forgets all: the transport is gone.</summary>
    public void Clear()
    {
        Volatile.Write(ref _buffered, 0);
        Volatile.Write(ref _isCongested, false);
    }
}
