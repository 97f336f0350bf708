namespace Sockeye.Protocol;

/// <summary>
/// The keep-alive of a connection as a state machine (RFC 6455 §5.5.2): when a ping is due, and when the peer counts as gone. The default
/// value is a new connection's.
/// </summary>
/// <remarks>
/// Every idle connection has one, so it is eight bytes. The owner stores signs of life without asking, since there is one with each
/// read. All else is not thread-safe.
/// </remarks>
internal struct PeerLiveness
{
    private const uint None = 0;

    /// <summary>The tick of the last sign of life. The owner writes it, on any thread.</summary>
    public uint LastLifeTick;

    // The tick of a ping that nothing has been received after yet. A ping at tick 0 counts as one at tick 1.
    private uint _pingTick;

    /// <summary>The deadline is due while nothing is read, because the application is busy: not even a pong is seen then.</summary>
    /// <param name="time">The current time.</param>
    /// <param name="isTaking">Whether the application has taken a message that had to wait for it, since the deadline was last due.</param>
    /// <param name="sinceAcknowledgment">How long ago the peer's host acknowledged anything; <see langword="null"/> if unknown.</param>
    /// <returns>
    /// Whether this counts as a sign of life: the application takes messages, among which the pong may be; or a ping has been sent, and
    /// the peer's host has acknowledged something since, as a live host does even if it has no room.
    /// </returns>
    public readonly bool IsAliveUnread(in CoarseTime time, bool isTaking, TimeSpan? sinceAcknowledgment) =>
        isTaking || (AwaitsLife(time) && !(sinceAcknowledgment > time.Since(_pingTick) + time.Tolerance));

    /// <summary>The deadline is due.</summary>
    /// <param name="time">The current time.</param>
    /// <param name="interval">How long the peer may be silent before it is sent a ping.</param>
    /// <param name="timeout">How long the peer may stay silent after a ping; infinite to send pings regardless.</param>
    /// <param name="next">When the deadline is due again.</param>
    public LivenessAction Due(in CoarseTime time, TimeSpan interval, TimeSpan timeout, out TimeSpan next)
    {
        if (AwaitsLife(time))
        {
            TimeSpan left = timeout - time.Since(_pingTick);
            next = Sooner(left, interval);
            return left > TimeSpan.Zero ? LivenessAction.None : LivenessAction.LocatePing;
        }

        _pingTick = None;
        next = interval - time.Since(LastLifeTick);
        if (next > TimeSpan.Zero)
        {
            return LivenessAction.None;
        }

        // Not after the timeout alone: a pong that arrives at once starts another silence, whose ping may be due before that.
        bool isAwaited = timeout >= TimeSpan.Zero;
        _pingTick = isAwaited ? TickOf(time) : None;
        next = isAwaited ? Sooner(timeout, interval) : interval;
        return LivenessAction.SendPing;
    }

    /// <summary>The answer to <see cref="LivenessAction.LocatePing"/>.</summary>
    /// <param name="time">The current time.</param>
    /// <param name="isOnItsWay">
    /// Whether the ping has not reached the peer's host yet, which has acknowledged data before it since the last look.
    /// </param>
    /// <returns>Whether the peer gets its whole time again; if not, it counts as gone.</returns>
    public bool TryExtend(in CoarseTime time, bool isOnItsWay)
    {
        if (isOnItsWay)
        {
            _pingTick = TickOf(time);
        }

        return isOnItsWay;
    }

    private readonly bool AwaitsLife(in CoarseTime time) =>
        _pingTick != None && time.Since(_pingTick) < time.Since(LastLifeTick);

    private static uint TickOf(in CoarseTime time) => Math.Max(time.Now, None + 1);

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
