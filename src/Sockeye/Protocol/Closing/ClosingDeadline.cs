namespace Sockeye.Protocol;

/// <summary>How long an ending connection waits for each <see cref="LifecycleWait"/>.</summary>
/// <remarks>
/// As long as the peer takes what was accepted for it, however slowly, no deadline passes: the close timeout starts over whenever the
/// peer has taken something, and last when our Close frame has left. Not thread-safe.
/// </remarks>
/// <param name="closeTimeout">How long the peer has to take something, and to respond to our Close frame.</param>
/// <param name="closeReplyDelay">How long an application that takes no message may delay the Close frame.</param>
internal struct ClosingDeadline(TimeSpan closeTimeout, TimeSpan closeReplyDelay)
{
    // How long the peer may keep the transport when both ends have sent all they will. Long enough for the Close frame to arrive
    // before a reset, which is how a kernel responds when a socket is closed with unread bytes.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);

    // The share of the close timeout that an application gets to process a message. Not all of it: a peer with the same timeout must
    // still get the Close frame, and its clock started earlier.
    private const double WorkingShare = 0.8;

    // How often to check whether the peer takes what is on its way, and the application what was received.
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    // How long an application that takes a message now and then may keep the peer's Close frame from being read after this end has sent
    // its own: the peer may be one that sends without end and never closes.
    private static readonly TimeSpan MaxReceivingTime = TimeSpan.FromSeconds(30);

    // The share of a wait after which the transport is first asked how much is in flight.
    private const double FirstLookShare = 0.25;

    // No more is on its way than a Close frame, and the TLS records that it is split into.
    private const int SmallLength = 1024;

    private const long Unknown = -1;

    private uint _waitStart;
    private uint _lastProgress;
    private uint _closeStart;
    private uint _lastTake;
    private int _lastTakenCount;
    private uint? _lastAcknowledged;
    private long _lastUntaken = Unknown;
    private bool _isClosing;

    /// <summary>Whether the peer's host has not taken much of what was accepted, as of the last check.</summary>
    public readonly bool HasMuchUntaken => _lastUntaken > SmallLength;

    /// <summary>
    /// Whether so much is buffered that the transport is asked at the beginning of a wait how much the peer has not taken. If not, it
    /// is asked at the first check: most connections end before that, and save the system calls.
    /// </summary>
    /// <param name="bufferedLength">How many of the accepted bytes the transport has not taken.</param>
    public static bool LooksAtOnce(long bufferedLength) => bufferedLength > SmallLength;

    /// <summary>Starts a wait.</summary>
    /// <param name="wait">What is waited for.</param>
    /// <param name="time">The current time.</param>
    /// <param name="untakenLength">
    /// How many of the accepted bytes the peer's host has not taken; <see langword="null"/> if the transport was not asked.
    /// </param>
    /// <param name="progress">What else can be seen of the connection.</param>
    /// <returns>When the deadline is due.</returns>
    public TimeSpan Begin(LifecycleWait wait, in CoarseTime time, long? untakenLength, in ClosingProgress progress)
    {
        _waitStart = time.Now;
        _lastProgress = time.Now;
        if (!_isClosing)
        {
            _isClosing = true;
            _closeStart = time.Now;
        }

        _lastUntaken = untakenLength ?? Unknown;
        _lastAcknowledged = null;
        return NextCheck(wait, LimitOf(wait, progress, out _), progress);
    }

    /// <summary>Reading waits for the application while this end closes the connection: the application's time starts.</summary>
    /// <returns>When the deadline is due.</returns>
    public TimeSpan WatchReceiver(LifecycleWait wait, in CoarseTime time, in ClosingProgress progress)
    {
        _lastTakenCount = progress.TakenCount;
        _lastTake = time.Now;
        return NextCheck(wait, LimitOf(wait, progress, out _), progress);
    }

    /// <summary>The deadline is due: checks whether it has passed.</summary>
    public ClosingCheck Check(LifecycleWait wait, in CoarseTime time, in ClosingProgress progress)
    {
        NoteProgress(time, progress);
        TimeSpan? stall = IsReceiverWaitedFor(wait, progress) ? CheckReceiver(time, progress) : null;
        TimeSpan limit = LimitOf(wait, progress, out uint start);
        TimeSpan left = limit - time.Since(start);
        return left <= TimeSpan.Zero
            ? new ClosingCheck(HasPassed: true, limit, Next: default, stall)
            : new ClosingCheck(HasPassed: false, limit, NextCheck(wait, left, progress), stall);
    }

    // Whether the peer cannot be heard because the application has no room for its messages.
    private static bool IsReceiverWaitedFor(LifecycleWait wait, in ClosingProgress progress) =>
        progress.IsReadingPaused && wait is LifecycleWait.Flush or LifecycleWait.PeerClose;

    // While reading waits for the application, the peer's time has not started.
    private TimeSpan? CheckReceiver(in CoarseTime time, in ClosingProgress progress)
    {
        if (progress.TakenCount != _lastTakenCount)
        {
            _lastTakenCount = progress.TakenCount;
            _lastTake = time.Now;
        }

        TimeSpan sinceTake = time.Since(_lastTake);
        TimeSpan idle = progress.WaitsForPeer ? Shorter(sinceTake, time.Since(_lastProgress)) : sinceTake;
        TimeSpan total = time.Since(_closeStart);
        TimeSpan limit = progress.WaitsForPeer ? closeTimeout : ApplicationLimit(progress);
        _waitStart = time.Now;
        if (!progress.WaitsForPeer)
        {
            _lastProgress = time.Now;
        }

        return idle >= limit || total >= MaxReceivingTime ? total : null;
    }

    // Notes whether the peer has taken something since the last check.
    private void NoteProgress(in CoarseTime time, in ClosingProgress progress)
    {
        // What the peer took before the first check is unknown: if much is still in flight, assume that it took something.
        bool hasProgress = _lastUntaken == Unknown
            ? progress.UntakenLength > SmallLength
            : progress.UntakenLength != _lastUntaken || progress.Acknowledged != (_lastAcknowledged ?? progress.Acknowledged);
        _lastAcknowledged = progress.Acknowledged;
        if (hasProgress)
        {
            _lastProgress = time.Now;
            if (HasMuchUntaken)
            {
                // Our Close frame may have left only now, and the time to respond to it starts.
                _waitStart = _lastProgress;
            }
        }

        _lastUntaken = progress.UntakenLength;
    }

    // How long a wait may last, and since when.
    private readonly TimeSpan LimitOf(LifecycleWait wait, in ClosingProgress progress, out uint start)
    {
        start = HasMuchUntaken ? _lastProgress : _waitStart;
        switch (wait)
        {
            case LifecycleWait.Application:
                // An application whose messages wait for the peer to take its responses is not the one to blame.
                start = progress.WaitsForPeer ? _lastProgress : _waitStart;
                return progress.WaitsForPeer ? closeTimeout : ApplicationLimit(progress);

            case LifecycleWait.Flush:
                start = _lastProgress;
                return closeTimeout;

            case LifecycleWait.PeerClose:
                return closeTimeout;

            default:
                return HasMuchUntaken ? closeTimeout : LingerTimeout;
        }
    }

    // How long to wait for an application that has messages to take, or processes one.
    private readonly TimeSpan ApplicationLimit(in ClosingProgress progress) => progress.HasMessageInHand
        ? Longer(closeReplyDelay, closeTimeout * WorkingShare)
        : closeReplyDelay;

    // Checked more often while the peer takes something, so that the wait begins when it has taken all.
    private readonly TimeSpan NextCheck(LifecycleWait wait, TimeSpan left, in ClosingProgress progress)
    {
        bool watches = HasMuchUntaken || wait == LifecycleWait.Flush || progress.WaitsForPeer || progress.IsReadingPaused;
        return _lastUntaken == Unknown ? Shorter(left * FirstLookShare, ProgressInterval)
            : watches ? Shorter(left, ProgressInterval)
            : left;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
