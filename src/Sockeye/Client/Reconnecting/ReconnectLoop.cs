using Polly;
using Polly.Retry;
using Sockeye.Logging;

namespace Sockeye.Client.Reconnecting;

/// <summary>
/// Connects, waits for the end of the connection, and connects again, until the application closes the client or its options stop
/// it.
/// </summary>
internal sealed class ReconnectLoop
{
    private static readonly WebSocketCloseResult NeverOpened = new(
        WebSocketCloseCode.AbnormalClosure, "", wasClean: false, WebSocketCloseInitiator.Local, exception: null);

    private readonly ClientAddress _address;
    private readonly WebSocketReconnectOptions _options;
    private readonly WebSocketHandler? _handler;
    private readonly ReconnectDelay _delay;
    private readonly ResiliencePipeline<WebSocketCloseResult> _pipeline;
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

    // Used by the loop only.
    private int _failureCount;
    private WebSocketDisconnect? _last;

    /// <summary>Creates a loop, which has not started.</summary>
    public ReconnectLoop(ClientAddress address, WebSocketReconnectOptions options, WebSocketHandler? handler)
    {
        _address = address;
        _options = options;
        _handler = handler;
        _delay = new ReconnectDelay(options);
        _logger = new GuardedLogger(options.OwnClient.LoggerFactory.CreateLogger("Sockeye.Client"));
        Outbox = new ReconnectOutbox(options.MaxQueueLength);

        // Here and not in the loop: if Polly's assembly is missing, the application's own call throws.
        _pipeline = CreatePipeline();
    }

    /// <summary>Sends messages, or queues them for the next connection.</summary>
    public ReconnectOutbox Outbox { get; }

    /// <summary>Receives the messages of all connections.</summary>
    public ReconnectInbox Inbox { get; } = new();

    /// <summary>The current status.</summary>
    public WebSocketReconnectStatus Status => _status;

    /// <summary>Completes with the first connection; fails if the client ends without one.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Completes when the client has ended. Never fails.</summary>
    public Task<WebSocketDisconnect> Closed => _closed.Task;

    /// <summary>The open connection, or the last one.</summary>
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

    /// <summary>Starts the loop, unless it was started before.</summary>
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

    /// <summary>Closes the client in any state.</summary>
    public async Task CloseAsync(WebSocketCloseCode? code, string? reason, CancellationToken cancellationToken)
    {
        WebSocketConnection? connection;
        lock (_gate)
        {
            _isClosing = true;
            connection = _connection;
        }

        // Cancel first, so that a loop started only to be closed never connects.
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
            await _pipeline
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
                : new WebSocketClosedException("The application closed the client before it had a connection.", NeverOpened));
        Outbox.End(reason);
        Inbox.End(_isClosing || IsClosedByApplication(last) ? null : reason);
        _opened.TrySetException(reason);

        // Observes the exception: the application may never wait for the task.
        _ = _opened.Task.Exception;
        Report(new(WebSocketReconnectState.Closed, _failureCount, lastDisconnect: last));
        _closed.SetResult(last);
    }

    // By closing the connection itself.
    private static bool IsClosedByApplication(WebSocketDisconnect disconnect) =>
        disconnect.Result is { WasClean: true, Initiator: WebSocketCloseInitiator.Local, Exception: null };

    private ResiliencePipeline<WebSocketCloseResult> CreatePipeline() =>
        new ResiliencePipelineBuilder<WebSocketCloseResult> { TimeProvider = _options.OwnClient.TimeProvider }
            .AddRetry(new RetryStrategyOptions<WebSocketCloseResult>
            {
                // ShouldReconnect alone decides when to stop.
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = arguments => ValueTask.FromResult(ShouldReconnect(arguments.Outcome)),
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(BeginWait()),
            })
            .Build();

    private async ValueTask<WebSocketCloseResult> ConnectAndServeAsync(CancellationToken cancellationToken)
    {
        await WaitForReceiverAsync(cancellationToken).ConfigureAwait(false);
        Report(new(WebSocketReconnectState.Connecting, _failureCount, lastDisconnect: _last));
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
            // The application closed the client during the attempt, and has not seen this connection.
            connection.Abort();
        }
        else
        {
            AttachInbox(connection);
            Report(new(WebSocketReconnectState.Open, _failureCount, lastDisconnect: _last));
            _opened.TrySetResult();
            await AttachOutboxAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        WebSocketCloseResult result = await connection.Closed.ConfigureAwait(false);
        Outbox.Detach(connection);
        Inbox.RemoveEnded(connection);
        _failureCount = time.GetElapsedTime(openedAt) >= _options.StablePeriod ? 0 : _failureCount;
        _last = new WebSocketDisconnect(result, exception: null);
        return result;
    }

    // An ended connection is kept while it has unread messages, so the number of such connections must be bounded. A send that
    // waits for a connection takes precedence: the application may be unable to receive until it completes.
    private async Task WaitForReceiverAsync(CancellationToken cancellationToken)
    {
        bool hasLogged = false;
        while (true)
        {
            Task changed = Inbox.Changed;
            Task sendWaits = Outbox.SendWaits;
            if (Inbox.HasRoom || sendWaits.IsCompleted)
            {
                return;
            }

            if (!hasLogged)
            {
                hasLogged = true;
                _logger.WaitsForReceiver(ReconnectInbox.MaxConnections);
            }

            await Task.WhenAny(changed, sendWaits).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void AttachInbox(WebSocketConnection connection)
    {
        // With a handler, the connection delivers the messages itself.
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
            // The application closed the client: messages in the queue stay unsent.
        }
        catch
        {
            // The loop ends with this exception, and nothing else would close the connection.
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
        Report(new(WebSocketReconnectState.Waiting, _failureCount, delay, _last));
        return delay;
    }

    private void Report(WebSocketReconnectStatus status)
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
