using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>
/// A thread that waits for events on many sockets and handles them in place: one receive buffer for all, no thread hop, no
/// allocation per event.
/// </summary>
/// <remarks>
/// Sources are watched edge-triggered and registered once, so that switching between reading and writing costs no system call.
/// Other threads reach the loop with <see cref="Post"/>.
/// </remarks>
internal sealed unsafe class EventLoop : ITicker
{
    // Large enough to receive a fast peer's burst in one system call, small enough to stay in a core's second-level cache.
    private const int ReceiveBufferLength = Transport.MaxReadLength;
    private const int MaxEventCount = 512;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    private const int PageSize = 4096;

    // The minimum time in each turn for sources that have used up their slices, before the loop polls for new events. A slice
    // that has begun is completed.
    private static readonly TimeSpan BacklogTime = TimeSpan.FromMilliseconds(1);

    // How long corked output may wait for more while a source still has work.
    private static readonly TimeSpan MaxCorkTime = TimeSpan.FromMilliseconds(2);

    // A loop whose current call has run for this long gets no new connections while another loop is responsive.
    private static readonly TimeSpan ResponseTime = TimeSpan.FromMilliseconds(50);

    // Not a number of the source table; those never get this large.
    private const ulong WakeUpNumber = ulong.MaxValue;

    private readonly SystemCalls _calls;
    private readonly Descriptor _epoll;
    private readonly Descriptor _wakeUp;
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
    private readonly long _maxCorkTime;
    private byte* _buffer;
    private byte[]? _plaintext;
    private uint _longCallTurn;
    private int _threadId;
    private long _lastTurn;
    private long _corkedSince;
    private uint _turnSeen;
    private ExecutionContext? _ownContext;

    // Whether the loop is, or is about to be, in a wait that only the wake-up event ends.
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
        _maxCorkTime = ToTimestamps(MaxCorkTime);

        // The kernel's waits follow the system clock only.
        Wheel = time == TimeProvider.System ? new DeadlineWheel(time, this) : DeadlineWheel.For(time);
        _epoll = ToDescriptor(LibC.EpollCreate(CloseOnExec));
        try
        {
            _wakeUp = ToDescriptor(LibC.EventFd(0, CloseOnExec | NonBlocking));

            // Edge-triggered: each write to the event is a change, so that it need not be read.
            const EpollEvents Watched = EpollEvents.In | EpollEvents.EdgeTriggered;
            int result = _calls.ControlEpoll(
                _epoll.Number, EpollOperation.Add, _wakeUp.Number, Watched, WakeUpNumber);
            if (result < 0)
            {
                throw SocketErrors.Exception(-result);
            }
        }
        catch
        {
            // Descriptors are scarce here, so closing them must not wait for the garbage collector.
            _wakeUp?.Dispose();
            _epoll.Dispose();
            throw;
        }
    }

    /// <summary>Whether this operating system has what a loop needs.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>The system calls of the loop and its sources.</summary>
    public SystemCalls Calls => _calls;

    /// <summary>The wheel that schedules the deadlines of the loop's sources; they expire on the loop's thread.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>
    /// Raised repeatedly by the watchdog, on its thread, while the loop does not return from a call, so that others can take over
    /// its work.
    /// </summary>
    public event Action? Unresponsive;

    /// <summary>Whether this is the loop's thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _threadId;

    /// <summary>The number of the current turn. A turn begins when the loop polls for events. Loop thread only.</summary>
    public uint Turn { get; private set; }

    /// <summary>The timestamp at which the loop's current call began. Loop thread only; cheaper than reading the clock.</summary>
    public long Now => _watch.Now;

    /// <summary>The number of transports that wait for <see cref="EventLoopTransport.OnTurn"/>. Loop thread only.</summary>
    public int BacklogCount => _backlog.Count;

    /// <summary>Whether the loop will soon handle what is posted to it. Any thread.</summary>
    public bool IsResponsive => Volatile.Read(ref _isWaiting) != 0 || _watch.Elapsed < ResponseTime;

    /// <summary>How long the current call to a source has lasted; zero if the loop waits. Any thread.</summary>
    public TimeSpan HeldUpFor => _watch.HeldUpFor;

    /// <summary>The buffer that sources receive into. Its content is valid until the next call.</summary>
    public Span<byte> ReceiveBuffer => new(_buffer, ReceiveBufferLength);

    /// <summary>
    /// The buffer that TLS decrypts into, longer than a record: made when it is first needed. Its content is valid until the next call. Loop
    /// thread only.
    /// </summary>
    public Memory<byte> Plaintext => _plaintext ??= GC.AllocateUninitializedArray<byte>(2 * TlsRecord.MaxPlaintextLength);

    /// <summary>A task that completes when the thread has ended, after <see cref="StopWhenEmpty"/>.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts a loop.</summary>
    /// <param name="name">The name of its thread.</param>
    /// <param name="holdUpThreshold">
    /// How long a call to a source may take before the source is notified, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </param>
    /// <param name="time">The clock.</param>
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

    /// <summary>
    /// Schedules a call of <see cref="IEventLoopSource.OnPosted"/> on the loop's thread, never in place. Any thread.
    /// </summary>
    public void Post(IEventLoopSource source)
    {
        _mailbox.Enqueue(source);

        // The exchange is also the fence between the enqueue and the check whether the loop is waiting.
        if (!IsCurrent && Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            WakeUp();
        }
    }

    /// <summary>Ends the loop once it has no sources left.</summary>
    public void StopWhenEmpty()
    {
        _isStopping = true;
        Interlocked.Exchange(ref _isWaiting, 0);
        WakeUp();
    }

    /// <inheritdoc/>
    void ITicker.Start()
    {
        _isTicking = true;
        if (!IsCurrent && Interlocked.Exchange(ref _isWaiting, 0) != 0)
        {
            // The loop may be about to wait without a timeout.
            WakeUp();
        }
    }

    /// <inheritdoc/>
    void ITicker.Stop() => _isTicking = false;

    /// <summary>Starts watching a descriptor. Loop thread only.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="events">The events to watch for.</param>
    /// <param name="source">The source to call.</param>
    /// <param name="number">The number to pass to <see cref="Remove"/>.</param>
    /// <returns>Zero, or the negative <see cref="Errno"/> if the descriptor is not watched.</returns>
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

    /// <summary>Changes the events that a descriptor is watched for. Loop thread only.</summary>
    public int Modify(int descriptor, EpollEvents events, ulong number) =>
        _calls.ControlEpoll(_epoll.Number, EpollOperation.Modify, descriptor, events, number);

    /// <summary>
    /// Schedules a call of <see cref="EventLoopTransport.OnTurn"/> after the transports that are queued already and all sources
    /// with new events. Loop thread only.
    /// </summary>
    public void QueueTurn(EventLoopTransport transport) => _backlog.Enqueue(transport);

    /// <summary>Begins the slice of the transport that is being called. Loop thread only.</summary>
    /// <param name="stride">The stride to pass to <see cref="TimeSlice.Begin"/>.</param>
    public TimeSlice BeginSlice(byte stride)
    {
        _slice.Begin(_watch.Now, stride);
        return _slice;
    }

    /// <summary>
    /// Whether a call that takes long, as a step of a TLS handshake does, may be made at once: one in each turn. Others are made in the turns
    /// of their transports, between which new events are handled. Loop thread only.
    /// </summary>
    public bool TryBeginLongCall()
    {
        bool isFirst = _longCallTurn != Turn;
        _longCallTurn = Turn;
        return isFirst;
    }

    /// <summary>Converts a duration to the unit of <see cref="Now"/>.</summary>
    public long ToTimestamps(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    /// <summary>The current slice. Loop thread only.</summary>
    public TimeSlice Slice => _slice;

    /// <summary>Called by the watchdog: reports a call that has not returned.</summary>
    /// <returns>Whether the loop has been active since the last check.</returns>
    public bool CheckProgress()
    {
        uint turn = Turn;
        bool isBusy = turn != _turnSeen || Volatile.Read(ref _isWaiting) == 0;
        _turnSeen = turn;

        // Comes first, because other connections depend on it and it calls no application code.
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
    /// Schedules a transport to write its corked output at the end of the turn, or a few milliseconds later while a source
    /// still has work. Loop thread only.
    /// </summary>
    public void FlushLater(EventLoopTransport transport)
    {
        if (_toFlush.Count == 0)
        {
            _corkedSince = _watch.Now;
        }

        _toFlush.Add(transport);
    }

    /// <summary>Removes a source whose descriptor is about to be closed. Loop thread only.</summary>
    public void Remove(ulong number) => _sources.Remove(number);

    /// <summary>Removes a source whose descriptor stays open. Loop thread only.</summary>
    public int Unwatch(int descriptor, ulong number)
    {
        _sources.Remove(number);
        return _calls.ControlEpoll(_epoll.Number, EpollOperation.Remove, descriptor, EpollEvents.None, data: 0);
    }

    private static Descriptor ToDescriptor(int number) => number >= 0
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
                if (number != WakeUpNumber && _sources.Find(number) is { } source)
                {
                    Dispatch(source, events);
                }
            }

            ServeMailbox();
            ServeBacklog(turnStart);
            if (_backlog.Count == 0 || IsFlushDue)
            {
                Flush();
            }
        }
        while (!_isStopping || _sources.Count != 0 || !_mailbox.IsEmpty);

        LoopWatchdog.Remove(this);
        NativeMemory.AlignedFree(_buffer);
        _wakeUp.Dispose();
        _epoll.Dispose();
        _ended.SetResult();
    }

    private int Wait()
    {
        // Pairs with Post: the loop sets the flag before it checks the mailbox, and a poster enqueues before it checks the flag.
        _watch.BeginWait();
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

            // The time spent on deadlines must not count towards the next call.
            _watch.Restart();
        }
    }

    private void ServeMailbox()
    {
        // Posts made meanwhile wait for the next turn, so that sources which post to themselves cannot occupy the loop.
        for (int count = _mailbox.Count; count > 0 && _mailbox.TryDequeue(out IEventLoopSource? source); count--)
        {
            _watch.Begin(source);
            try
            {
                source.OnPosted();
            }
            catch (Exception exception)
            {
                source.NotifyFaulted(exception);
            }

            EndCall(source);
        }
    }

    // Serves each transport at most once: there may be thousands, each with endless work. They get as much time as the rest of
    // the turn took, since thousands of sources with less than a slice of work would starve them otherwise.
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
                SourceFaults.NotifyFaulted(transport, exception);
            }

            EndCall(transport);
        }
    }

    // A broadcaster may use up a slice with each message. Corking across several slices sends several messages in one write.
    private bool IsFlushDue => _watch.Now - _corkedSince >= _maxCorkTime;

    private void Flush()
    {
        // By index, because a flush may add another transport.
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
                SourceFaults.NotifyFaulted(transport, exception);
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
            source.NotifyFaulted(exception);
        }

        EndCall(source);
    }

    private void EndCall(IEventLoopSource source)
    {
        // As on the thread pool, what a handler sets in its execution context, such as a culture, does not flow to the next call.
        if (ExecutionContext.Capture() != _ownContext)
        {
            ExecutionContext.Restore(_ownContext!);
        }

        if (SynchronizationContext.Current is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }

        _watch.End(source);
    }

    private void WakeUp()
    {
        // The loop may have ended, and the event with it.
        if (_wakeUp.TryHold())
        {
            ulong one = 1;
            _ = LibC.Write(_wakeUp.Number, &one, sizeof(ulong));
            _wakeUp.DangerousRelease();
        }
    }
}
