using Polly;
using Polly.Retry;
using Sockeye.Logging;

namespace Sockeye.Client.Reconnecting;

/// <summary>Connects, waits for the end, and connects again, until the application or its options say that it is over.</summary>
internal sealed class ReconnectLoop
{
    private readonly ClientAddress _address;
    private readonly WebSocketReconnectOptions _options;
    private readonly WebSocketHandler? _handler;
    private readonly ReconnectDelay _delay;
    private readonly GuardedLogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WebSocketDisconnect> _closed =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _gate = new();
    private bool _isStarted;
    private volatile bool _isClosing;
    private WebSocketConnection? _connection;
    private volatile WebSocketReconnectStatus _status = new(WebSocketReconnectState.Idle, failureCount: 0);

    // The loop's alone.
    private int _failureCount;
    private WebSocketDisconnect? _last;

    /// <summary>Prepares a loop.</summary>
    public ReconnectLoop(ClientAddress address, WebSocketReconnectOptions options, WebSocketHandler? handler)
    {
        _address = address;
        _options = options;
        _handler = handler;
        _delay = new ReconnectDelay(options);
        _logger = new GuardedLogger(options.OwnClient.LoggerFactory.CreateLogger("Sockeye.Client"));
        Outbox = new ReconnectOutbox(options.MaxQueueLength);
    }

    /// <summary>Where sends go.</summary>
    public ReconnectOutbox Outbox { get; }

    /// <summary>Where messages come from.</summary>
    public ReconnectInbox Inbox { get; } = new();

    /// <summary>How it is.</summary>
    public WebSocketReconnectStatus Status => _status;

    /// <summary>Completes with the first connection; fails if there is never one.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Completes when it is over. Never fails.</summary>
    public Task<WebSocketDisconnect> Closed => _closed.Task;

    /// <summary>The connection that is open, or was last.</summary>
    public WebSocketConnection? Connection
    {
        get
        {
            lock (_gate)
            {
                return _connection;
            }
        }
    }

    /// <summary>Begins, if it has not begun yet.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted)
            {
                return;
            }

            _isStarted = true;
        }

        _ = Task.Run(RunAsync);
    }

    /// <summary>Ends it, whatever it is about.</summary>
    public async Task CloseAsync(WebSocketCloseCode? code, string? reason, CancellationToken cancellationToken)
    {
        WebSocketConnection? connection;
        lock (_gate)
        {
            _isClosing = true;
            connection = _connection;
        }

        // In this order: a loop that begins only to end turns to nobody.
        await _stop.CancelAsync().ConfigureAwait(false);
        Start();
        if (connection is not null)
        {
            await connection.CloseAsync(code, reason, cancellationToken).ConfigureAwait(false);
        }

        await Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        Exception? failure = null;
        try
        {
            await CreatePipeline()
                .ExecuteAsync(static (loop, token) => loop.ConnectAndServeAsync(token), this, _stop.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Closed between two connections.
        }
        catch (Exception exception)
        {
            failure = exception;
            _last = new WebSocketDisconnect(result: null, exception);
        }

        WebSocketDisconnect last = _last ?? new WebSocketDisconnect(result: null, exception: null);
        Exception reason = failure
            ?? (last.Result is { } result
                ? new WebSocketClosedException(result)
                : new ObjectDisposedException(nameof(WebSocketReconnectingClient)));
        Outbox.End(reason);
        Inbox.End(_isClosing || IsClosedByApplication(last) ? null : reason);
        _opened.TrySetException(reason);

        // Looked at, or not: a client may be closed before anybody waits for it.
        _ = _opened.Task.Exception;
        Tell(new(WebSocketReconnectState.Closed, _failureCount, lastDisconnect: last));
        _closed.SetResult(last);
    }

    // By way of the connection itself.
    private static bool IsClosedByApplication(WebSocketDisconnect disconnect) =>
        disconnect.Result is { WasClean: true, Initiator: WebSocketCloseInitiator.Local, Exception: null };

    private ResiliencePipeline<WebSocketCloseResult> CreatePipeline() =>
        new ResiliencePipelineBuilder<WebSocketCloseResult> { TimeProvider = _options.OwnClient.TimeProvider }
            .AddRetry(new RetryStrategyOptions<WebSocketCloseResult>
            {
                // As many as it takes.
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = arguments => ValueTask.FromResult(ShouldReconnect(arguments.Outcome)),
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(BeginWait()),
            })
            .Build();

    private async ValueTask<WebSocketCloseResult> ConnectAndServeAsync(CancellationToken cancellationToken)
    {
        await WaitForReceiverAsync(cancellationToken).ConfigureAwait(false);
        Tell(new(WebSocketReconnectState.Connecting, _failureCount, lastDisconnect: _last));
        WebSocketConnection connection = await ClientConnector.ConnectAsync(
            _address, _options.OwnClient, _handler, cancellationToken).ConfigureAwait(false);
        TimeProvider time = _options.OwnClient.TimeProvider;
        long openedAt = time.GetTimestamp();
        bool isClosing;
        lock (_gate)
        {
            _connection = connection;
            isClosing = _isClosing;
        }

        if (isClosing)
        {
            // Nobody has seen it: the application gave up while the answer was on its way.
            connection.Abort();
        }
        else
        {
            AttachInbox(connection);
            Tell(new(WebSocketReconnectState.Open, _failureCount, lastDisconnect: _last));
            _opened.TrySetResult();
            await AttachOutboxAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        WebSocketCloseResult result = await connection.Closed.ConfigureAwait(false);
        Outbox.Detach(connection);
        Inbox.Ended(connection);
        _failureCount = time.GetElapsedTime(openedAt) >= _options.StablePeriod ? 0 : _failureCount;
        _last = new WebSocketDisconnect(result, exception: null);
        return result;
    }

    // What was received is kept, so that connections which come and go while the application receives nothing must not become
    // many. A send that waits for a connection goes first: it may be what keeps the application from receiving.
    private async Task WaitForReceiverAsync(CancellationToken cancellationToken)
    {
        bool isTold = false;
        while (true)
        {
            Task changed = Inbox.Changed;
            Task sendWaits = Outbox.SendWaits;
            if (Inbox.HasRoom || sendWaits.IsCompleted)
            {
                return;
            }

            if (!isTold)
            {
                isTold = true;
                _logger.WaitsForReceiver(ReconnectInbox.MaxConnections);
            }

            await Task.WhenAny(changed, sendWaits).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void AttachInbox(WebSocketConnection connection)
    {
        // A handler has its messages from the connection itself.
        if (_handler is null && Inbox.Attach(connection) is > 0 and int count)
        {
            _logger.UnreceivedDropped(count, ReconnectInbox.MaxConnections);
        }
    }

    private async Task AttachOutboxAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await Outbox.AttachAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The application closes: what is left in the queue stays unsent.
        }
        catch
        {
            // Nobody would know of it any more.
            connection.Abort();
            throw;
        }
    }

    private bool ShouldReconnect(Outcome<WebSocketCloseResult> outcome)
    {
        if (_isClosing)
        {
            return false;
        }

        _last = outcome.Exception is null ? _last : new WebSocketDisconnect(result: null, outcome.Exception);
        return _options.ShouldReconnect(_last!);
    }

    private TimeSpan BeginWait()
    {
        _failureCount++;
        TimeSpan delay = _delay.Next(_failureCount, _last!);
        _logger.Reconnecting(delay, _failureCount, _last!);
        Tell(new(WebSocketReconnectState.Waiting, _failureCount, delay, _last));
        return delay;
    }

    private void Tell(WebSocketReconnectStatus status)
    {
        _status = status;
        try
        {
            _options.OnStatusChanged?.Invoke(status);
        }
        catch (Exception exception)
        {
            _logger.StatusCallbackThrew(exception);
        }
    }
}
