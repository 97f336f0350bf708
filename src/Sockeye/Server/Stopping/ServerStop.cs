using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Receiving;
using Sockeye.Protocol;
using Sockeye.Server.Listening;

namespace Sockeye.Server.Stopping;

/// <summary>
/// Stops a server: it accepts no more connections, lets the existing ones drain, closes them, and aborts those that are left. Each step
/// has a deadline, whatever the application does.
/// </summary>
/// <remarks>
/// Runs on a thread of its own, which blocks while it waits: the application may block every thread of the thread pool. Loggers, hooks
/// and callbacks of the application run on further threads, so that one that blocks does not hold up the stop.
/// </remarks>
/// <param name="context">The connections and handshakes of the server.</param>
internal sealed class ServerStop(ServerContext context)
{
    // How long aborted connections, and the methods that serve them, have to end. Measured by the system's clock, because the
    // threads that the stop waits for run by it.
    private static readonly TimeSpan DropTimeout = TimeSpan.FromMilliseconds(800);

    // How long the application's loggers and hooks have after that. The two add up to the documented second.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cutShort = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<StopWaiter> _waiters = [];
    private readonly List<StopWaiter> _servedWaiters = [];

    // Used only by the thread of the stop.
    private readonly List<Task> _calls = [];

    // Set once the server listens.
    private ServerListeners? _listeners;
    private bool _isStopping;
    private bool _isOver;
    private bool _isOverForServed;

    /// <summary>Completes when the server has stopped.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Adds the listeners, once the server listens.</summary>
    /// <returns>Whether that is in time; if not, a stop has begun, and the caller stops the listeners.</returns>
    public bool TryAttach(ServerListeners listeners)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return false;
            }

            _listeners = listeners;
            return true;
        }
    }

    /// <summary>Stops. The options of the first call apply; the token of each call may cut the stop short.</summary>
    public Task StopAsync(WebSocketStopOptions options, CancellationToken cancellationToken)
    {
        StopWaiter waiter = Enter();
        if (!waiter.Task.IsCompleted)
        {
            Begin(options);
            waiter.Add(cancellationToken.UnsafeRegister(static stop => ((ServerStop)stop!)._cutShort.TrySetResult(), this));
        }

        return waiter.Task;
    }

    /// <summary>Stops when a signal arrives or the token is canceled; waits until the server has stopped for any reason.</summary>
    public Task RunAsync(WebSocketStopOptions options, CancellationToken cancellationToken)
    {
        StopWaiter waiter = Enter();
        if (!waiter.Task.IsCompleted)
        {
            // Begins on the thread that reports the signal or the cancellation: the thread pool may be blocked.
            void Begin() => this.Begin(options);
            waiter.Add(new StopSignals(Begin));
            waiter.Add(cancellationToken.UnsafeRegister(static begin => ((Action)begin!)(), (Action)Begin));
        }

        return waiter.Task;
    }

    private StopWaiter Enter()
    {
        // A serve method may await the stop of its own server: neither this call nor those of other serve methods wait for it, since
        // they would wait for each other.
        ServeCall? call = ServeCall.Current is { } current && current.Host == context.Connections ? current : null;
        if (call?.TryStepAside(context.Connections.Attendance.Rejoin) is true)
        {
            context.Connections.Attendance.StepAside();
        }

        lock (_gate)
        {
            // Only one continues in place, since it may never return. It is usually the only one, or the main program.
            var waiter = new StopWaiter(continuesInPlace: call is null && _waiters.Count == 0);
            if (call is null ? _isOver : _isOverForServed)
            {
                waiter.Complete();
            }
            else
            {
                (call is null ? _waiters : _servedWaiters).Add(waiter);
            }

            return waiter;
        }
    }

    private void Begin(WebSocketStopOptions options)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
        }

        context.Connections.Stop();
        long began = context.Options.TimeProvider.GetTimestamp();

        StartThread("Sockeye stop", () => Run(options, began));
    }

    private void Run(WebSocketStopOptions options, long began)
    {
        try
        {
            TakeSteps(options, began);
        }
        catch (Exception exception)
        {
            // Such as one of the application's clock. The stop ends all the same, and leaves no connection open.
            FaultTrace.Write(exception);
            AbortAll();
        }

        End();
    }

    private void TakeSteps(WebSocketStopOptions options, long began)
    {
        TimeProvider time = context.Options.TimeProvider;
        CloseStatus status = CloseArguments.Check(options.CloseCode, options.CloseReason);
        int count = context.Connections.Count;
        if (_listeners is not null || count > 0)
        {
            _listeners?.Stop(options.AbortTimeout);
            Call(() => context.Logger.Stopping(count));
        }

        Call(context.RejectHandshakes);
        if (options.DrainTimeout > TimeSpan.Zero)
        {
            var drained = new StopDeadline(time, began, options.DrainTimeout);
            foreach (WebSocketConnection connection in context.Connections.GetOpen())
            {
                Wait(connection.Closed, drained);
            }

            began = time.GetTimestamp();
        }

        WebSocketConnection[] connections = context.Connections.GetOpen();
        if (connections.Length > 0)
        {
            long closing = began;
            Call(() => CloseInTurn(connections, status, closing, options.ClosePeriod));
        }

        // Until the transports are gone too: what was sent is still on its way, to a peer that takes it slowly.
        var aborted = new StopDeadline(time, began, options.ClosePeriod + options.AbortTimeout);
        WaitForAll(task => Wait(task, aborted));
        if (!context.Connections.Attendance.Empty.IsCompleted)
        {
            AbortAll();
            var dropped = StopDeadline.After(DropTimeout);
            WaitForAll(task => dropped.WaitAny(task));
        }

        if (!context.Connections.Attendance.Empty.IsCompleted)
        {
            int served = context.Connections.Attendance.ServedCount;
            Call(() => context.Logger.StopLeftApplication(served));
        }
    }

    // Spreads the Close frames over a period. Not on the thread of the stop: what closes a connection may call the application.
    private void CloseInTurn(WebSocketConnection[] connections, CloseStatus status, long began, TimeSpan period)
    {
        for (int index = 0; index < connections.Length; index++)
        {
            WebSocketConnection connection = connections[index];
            if (connection.State == WebSocketConnectionState.Closed)
            {
                continue;
            }

            if (period > TimeSpan.Zero)
            {
                var due = new StopDeadline(context.Options.TimeProvider, began, period * ((double)index / connections.Length));
                due.WaitAny(_cutShort.Task, context.Connections.Attendance.Empty);
            }

            connection.Core.BeginClose(status);
        }
    }

    private void WaitForAll(Action<Task> wait)
    {
        wait(context.Connections.Attendance.OthersGone);
        if (context.Connections.Attendance.OthersGone.IsCompleted)
        {
            EndForServed();
            wait(context.Connections.Attendance.Empty);
        }
    }

    private void Wait(Task task, StopDeadline deadline)
    {
        if (!task.IsCompleted && !_cutShort.Task.IsCompleted)
        {
            deadline.WaitAny(task, _cutShort.Task);
        }
    }

    private void AbortAll()
    {
        WebSocketConnection[] left = context.Connections.GetAll();
        if (left.Length == 0)
        {
            return;
        }

        Call(() => context.Logger.StopCutShort(left.Length));
        Call(() =>
        {
            foreach (WebSocketConnection connection in left)
            {
                connection.Abort();
            }
        });
    }

    // Only the methods that wait for the stop are left.
    private void EndForServed()
    {
        // Set by this thread alone.
        if (_isOverForServed)
        {
            return;
        }

        _listeners?.EndLoops();
        StopWaiter[] waiters;
        lock (_gate)
        {
            _isOverForServed = true;
            waiters = [.. _servedWaiters];
        }

        Array.ForEach(waiters, static waiter => waiter.Complete());
    }

    private void End()
    {
        var called = StopDeadline.After(CallTimeout);
        _calls.ForEach(call => called.WaitAny(call));
        EndForServed();
        StopWaiter[] waiters;
        lock (_gate)
        {
            _isOver = true;
            waiters = [.. _waiters];
        }

        _completion.SetResult();
        foreach (StopWaiter waiter in waiters.OrderBy(static waiter => waiter.ContinuesInPlace))
        {
            // The one that continues in place is last: it may never return.
            waiter.Complete();
        }
    }

    // On a thread of its own, because the application's code may block.
    private void Call(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls.Add(done.Task);
        StartThread("Sockeye stop call", () =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                FaultTrace.Write(exception);
            }

            done.SetResult();
        });
    }

    private static void StartThread(string name, Action action)
    {
        try
        {
            // A new thread may need descriptors: they come from the reserve that admission keeps.
            new Thread(() => action()) { Name = name, IsBackground = true }.UnsafeStart();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static action => action(), action, preferLocal: false);
        }
    }
}
