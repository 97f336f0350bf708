using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>
/// One thread that waits for what happens to many sockets, and handles it in place: one buffer for all that is received,
/// no thread hop, no object per event.
/// </summary>
/// <remarks>
/// Sources are watched for changes (edge-triggered), asked for once: whether one wants to read or to write is its own
/// affair and costs no system call. Other threads reach the loop by <see cref="Post"/>.
/// </remarks>
internal sealed unsafe class EventLoop : ITicker
{
    // Large enough that a fast peer's burst is one system call, small enough to stay in a core's second-level cache.
    private const int ReceiveBufferLength = Transport.MaxReadLength;
    private const int MaxEventCount = 512;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    private const int PageSize = 4096;

    // The least time in each turn for sources that have used up their slices, before the loop looks for new events. A slice that has
    // begun is finished.
    private static readonly TimeSpan BacklogTime = TimeSpan.FromMilliseconds(1);

    // How long gathered output may wait for more while a source has not finished its work.
    private static readonly TimeSpan MaxGatheringTime = TimeSpan.FromMilliseconds(2);

    // A loop that works without coming to an end for this long gets no new connections, as long as another does.
    private static readonly TimeSpan ResponseTime = TimeSpan.FromMilliseconds(50);

    // No place of the table: its numbers end far below.
    private const ulong AlarmNumber = ulong.MaxValue;

    private readonly SystemCalls _calls;
    private readonly Descriptor _epoll;
    private readonly Descriptor _alarm;
    private readonly SourceTable _sources = new();
    private readonly ConcurrentQueue<IEventLoopSource> _mailbox = new();
    private readonly List<EventLoopTransport> _toFlush = [];
    private readonly Queue<EventLoopTransport> _backlog = new();
    private readonly byte[] _events = new byte[MaxEventCount * EpollEventLayout.Current.Size];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly CallWatch _watch;
    private readonly StuckReport _stuckReport = new();
    private readonly TimeSlice _slice;
    private readonly long _tick;
    private readonly long _backlogTime;
    private readonly long _maxGathering;
    private byte* _buffer;
    private int _threadId;
    private long _lastTurn;
    private long _gatheringSince;
    private uint _turnSeen;
    private ExecutionContext? _ownContext;

    // Whether the loop is, or is about to be, where only the alarm reaches it.
    private int _isWaiting;
    private volatile bool _isStopping;
    private volatile bool _isTicking;

    private EventLoop(TimeSpan holdUpThreshold, TimeProvider time, SystemCalls calls)
    {
        _calls = calls;
        _time = time;
        _watch = new CallWatch(holdUpThreshold, time);
        _slice = new TimeSlice(time);
        _tick = ToTimestamps(DeadlineWheel.Tick);
        _backlogTime = ToTimestamps(BacklogTime);
        _maxGathering = ToTimestamps(MaxGatheringTime);

        // The kernel's waits know the system's time only.
        Wheel = time == TimeProvider.System ? new DeadlineWheel(time, this) : DeadlineWheel.For(time);
        _epoll = Opened(LibC.EpollCreate(CloseOnExec));
        try
        {
            _alarm = Opened(LibC.EventFd(0, CloseOnExec | NonBlocking));

            // Each write to the alarm is a change, so that nobody has to read it.
            const EpollEvents Watched = EpollEvents.In | EpollEvents.EdgeTriggered;
            int result = _calls.ControlEpoll(
                _epoll.Number, EpollOperation.Add, _alarm.Number, Watched, AlarmNumber);
            if (result < 0)
            {
                throw SocketErrors.Exception(-result);
            }
        }
        catch
        {
            // What is short now is not to wait for the garbage collector.
            _alarm?.Dispose();
            _epoll.Dispose();
            throw;
        }
    }

    /// <summary>Whether this system has what a loop needs.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>The system calls of the loop and its sources.</summary>
    public SystemCalls Calls => _calls;

    /// <summary>Where the loop's sources have their deadlines: they fall due on its thread.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>
    /// Raised by the watchdog, on its thread and again and again, while the loop does not come back from a call: others are to take
    /// over what they can.
    /// </summary>
    public event Action? Unresponsive;

    /// <summary>Whether this is the loop's thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _threadId;

    /// <summary>Which turn it is, of those that begin with a look at what has happened. On the loop's thread.</summary>
    public uint Turn { get; private set; }

    /// <summary>
    /// A timestamp: when the call that the loop is making began. On the loop's thread; costs less than to ask the clock.
    /// </summary>
    public long Now => _watch.Now;

    /// <summary>How many transports wait for <see cref="EventLoopTransport.OnTurn"/>. On the loop's thread.</summary>
    public int BacklogCount => _backlog.Count;

    /// <summary>Whether the loop takes up soon what it is given. Any thread.</summary>
    public bool IsResponsive => Volatile.Read(ref _isWaiting) != 0 || _watch.Elapsed < ResponseTime;

    /// <summary>Where sources receive to; what is there is gone when another call is made.</summary>
    public Span<byte> ReceiveBuffer => new(_buffer, ReceiveBufferLength);

    /// <summary>Completes when the thread has ended, after <see cref="StopWhenEmpty"/>.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts a loop.</summary>
    /// <param name="name">The name of its thread.</param>
    /// <param name="holdUpThreshold">
    /// How long one source may keep the others waiting before it is told so, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="calls">The system calls.</param>
    /// <exception cref="SocketException">The system has no descriptors left.</exception>
    public static EventLoop Start(
        string name, TimeSpan holdUpThreshold, TimeProvider time, SystemCalls? calls = null)
    {
        var loop = new EventLoop(holdUpThreshold, time, calls ?? SystemCalls.Default);
        var thread = new Thread(loop.Run) { Name = name, IsBackground = true };
        loop._threadId = thread.ManagedThreadId;
        thread.UnsafeStart();
        LoopWatchdog.Add(loop);
        return loop;
    }

    /// <summary>Has <see cref="IEventLoopSource.OnPosted"/> called on the loop's thread, soon and not in place.</summary>
    public void Post(IEventLoopSource source)
    {
        _mailbox.Enqueue(source);

        // The exchange is also the fence between what is in the mailbox and whether somebody will look at it.
        if (!IsCurrent && Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            Ring();
        }
    }

    /// <summary>Ends the loop once it has no sources left.</summary>
    public void StopWhenEmpty()
    {
        _isStopping = true;
        Interlocked.Exchange(ref _isWaiting, 0);
        Ring();
    }

    /// <inheritdoc/>
    void ITicker.Start()
    {
        _isTicking = true;
        if (!IsCurrent && Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            // It may be about to wait without end.
            Ring();
        }
    }

    /// <inheritdoc/>
    void ITicker.Stop() => _isTicking = false;

    /// <summary>Watches a descriptor. On the loop's thread.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">What to watch it for.</param>
    /// <param name="source">Who is told.</param>
    /// <param name="number">What <see cref="Remove"/> is called with.</param>
    /// <returns>Zero, or the negative <see cref="Errno"/>: nothing is watched then.</returns>
    public int Add(int descriptor, EpollEvents events, IEventLoopSource source, out ulong number)
    {
        number = _sources.Add(source);
        int result = _calls.ControlEpoll(_epoll.Number, EpollOperation.Add, descriptor, events, number);
        if (result < 0)
        {
            _sources.Remove(number);
        }

        return result;
    }

    /// <summary>Watches a descriptor for something else. On the loop's thread.</summary>
    public int Modify(int descriptor, EpollEvents events, ulong number) =>
        _calls.ControlEpoll(_epoll.Number, EpollOperation.Modify, descriptor, events, number);

    /// <summary>
    /// Has <see cref="EventLoopTransport.OnTurn"/> called when those have been served that wait already, and all that have
    /// something new. On the loop's thread.
    /// </summary>
    public void GoOnLater(EventLoopTransport transport) => _backlog.Enqueue(transport);

    /// <summary>Begins the slice of a transport, in the call that is being made to it. On the loop's thread.</summary>
    /// <param name="stride">As for <see cref="TimeSlice.Begin"/>.</param>
    public TimeSlice BeginSlice(byte stride)
    {
        _slice.Begin(_watch.Now, stride);
        return _slice;
    }

    /// <summary>Converts a time to the unit of <see cref="Now"/>.</summary>
    public long ToTimestamps(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    /// <summary>The slice that has begun. On the loop's thread.</summary>
    public TimeSlice Slice => _slice;

    /// <summary>Called by the watchdog: has a source told that does not return from its call.</summary>
    /// <returns>Whether the loop has done anything since the last look.</returns>
    public bool LookAfter()
    {
        uint turn = Turn;
        bool isBusy = turn != _turnSeen || Volatile.Read(ref _isWaiting) == 0;
        _turnSeen = turn;

        // First, because other connections wait for it, and it calls no code of the application.
        if (!IsResponsive)
        {
            Unresponsive?.Invoke();
        }

        // While a report is in progress, a stuck call is found at a later check.
        if (!_stuckReport.IsUnderway && _watch.TryFindStuck(out IEventLoopSource? stuck, out TimeSpan elapsed))
        {
            _stuckReport.Begin(stuck, elapsed);
        }

        return isBusy;
    }

    /// <summary>
    /// Has a transport write its gathered output at the end of the turn, or a few milliseconds later while a source has not finished
    /// its work. On the loop's thread.
    /// </summary>
    public void FlushLater(EventLoopTransport transport)
    {
        if (_toFlush.Count == 0)
        {
            _gatheringSince = _watch.Now;
        }

        _toFlush.Add(transport);
    }

    /// <summary>Forgets a source, whose descriptor is about to be closed. On the loop's thread.</summary>
    public void Remove(ulong number) => _sources.Remove(number);

    /// <summary>Forgets a source whose descriptor stays open. On the loop's thread.</summary>
    public int Unwatch(int descriptor, ulong number)
    {
        _sources.Remove(number);
        return _calls.ControlEpoll(_epoll.Number, EpollOperation.Remove, descriptor, EpollEvents.None, data: 0);
    }

    private static Descriptor Opened(int number) => number >= 0
        ? new Descriptor(number)
        : throw SocketErrors.Exception(Marshal.GetLastSystemError());

    private void Run()
    {
        _buffer = (byte*)NativeMemory.AlignedAlloc(ReceiveBufferLength, PageSize);
        _lastTurn = _time.GetTimestamp();
        _ownContext = ExecutionContext.Capture();
        do
        {
            int count = Wait();
            long turnStart = _watch.Now;
            TurnWheel();
            for (int index = 0; index < count; index++)
            {
                EpollEvents events = EpollEventLayout.Current.Read(_events, index, out ulong number);
                if (number != AlarmNumber && _sources.Find(number) is { } source)
                {
                    Dispatch(source, events);
                }
            }

            OpenMailbox();
            ServeBacklog(turnStart);
            if (_backlog.Count == 0 || IsFlushDue)
            {
                Flush();
            }
        }
        while (!_isStopping || _sources.Count != 0 || !_mailbox.IsEmpty);

        LoopWatchdog.Remove(this);
        NativeMemory.AlignedFree(_buffer);
        _alarm.Dispose();
        _epoll.Dispose();
        _ended.SetResult();
    }

    private int Wait()
    {
        // A poster looks whether the loop waits after it has posted; the loop says so before it looks for posts.
        _watch.Rest();
        Interlocked.Exchange(ref _isWaiting, 1);
        bool mustNotWait = !_mailbox.IsEmpty || _backlog.Count != 0 || (_isStopping && _sources.Count == 0);
        int count = _calls.WaitEpoll(_epoll.Number, _events, mustNotWait ? 0 : UntilNextTick());
        _watch.Restart();
        Volatile.Write(ref _isWaiting, 0);
        Turn++;
        return count;
    }

    private int UntilNextTick()
    {
        if (!_isTicking)
        {
            return Timeout.Infinite;
        }

        TimeSpan left = DeadlineWheel.Tick - _time.GetElapsedTime(_lastTurn, _watch.Now);
        return Math.Max(0, (int)Math.Ceiling(left.TotalMilliseconds));
    }

    private void TurnWheel()
    {
        if (_isTicking && _watch.Now - _lastTurn >= _tick)
        {
            _lastTurn = _watch.Now;
            _watch.ForgetCompiled();
            Wheel.Turn();

            // So that the time of the deadlines does not count for the next call.
            _watch.Restart();
        }
    }

    private void OpenMailbox()
    {
        // What is posted meanwhile waits for the next turn: sources that post to themselves must not hold the loop.
        for (int count = _mailbox.Count; count > 0 && _mailbox.TryDequeue(out IEventLoopSource? source); count--)
        {
            _watch.Begin(source);
            try
            {
                source.OnPosted();
            }
            catch (Exception exception)
            {
                source.TellFault(exception);
            }

            EndCall(source);
        }
    }

    // Serves each source at most once: there may be thousands, each with endless work. They get as much time as the rest of this turn
    // took, since thousands of sources with less than a slice of work would starve them otherwise.
    private void ServeBacklog(long turnStart)
    {
        long now = _watch.Now;
        long end = now + Math.Max(_backlogTime, now - turnStart);
        for (int count = _backlog.Count; count > 0 && _watch.Now < end; count--)
        {
            EventLoopTransport transport = _backlog.Dequeue();
            _watch.Begin(transport);
            try
            {
                transport.OnTurn();
            }
            catch (Exception exception)
            {
                SourceFaults.TellFault(transport, exception);
            }

            EndCall(transport);
        }
    }

    // A broadcaster may use up its slice with each message. Gathering over several slices sends several messages in one write.
    private bool IsFlushDue => _watch.Now - _gatheringSince >= _maxGathering;

    private void Flush()
    {
        // By index: what one flush sets off may add another.
        for (int index = 0; index < _toFlush.Count; index++)
        {
            EventLoopTransport transport = _toFlush[index];
            _watch.BeginFlush(transport);
            try
            {
                transport.Flush();
            }
            catch (Exception exception)
            {
                SourceFaults.TellFault(transport, exception);
            }
        }

        _toFlush.Clear();
    }

    private void Dispatch(IEventLoopSource source, EpollEvents events)
    {
        _watch.Begin(source);
        try
        {
            source.OnEvents(events);
        }
        catch (Exception exception)
        {
            source.TellFault(exception);
        }

        EndCall(source);
    }

    private void EndCall(IEventLoopSource source)
    {
        // As on the thread pool: what a handler sets for its own flow, such as a culture, is not for the next one.
        if (ExecutionContext.Capture() != _ownContext)
        {
            ExecutionContext.Restore(_ownContext!);
        }

        _watch.End(source);
    }

    private void Ring()
    {
        // The loop may have ended just now, and then hears nothing.
        if (_alarm.TryHold())
        {
            ulong one = 1;
            _ = LibC.Write(_alarm.Number, &one, sizeof(ulong));
            _alarm.DangerousRelease();
        }
    }
}
