using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Sockeye.Connections.Receiving;

namespace Sockeye.Interop;

/// <summary>
/// A connection as a <see cref="WebSocket"/>, for code that relies on what the platform's class does and <see cref="ConnectionWebSocket"/>
/// improves: a canceled call aborts the connection, a receive fills its buffer from the frame, a second receive waits for the first, and
/// disposal ends the transport in every state, after what was sent.
/// </summary>
/// <remarks>The connection delivers fragments, so that messages of any length are received in pieces.</remarks>
internal sealed class PlatformWebSocket : ConnectionWebSocket
{
    // Completes when the receive in progress has ended, if another one waits for that.
    private TaskCompletionSource? _turn;

    /// <summary>Creates the socket of a connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pull">Its receiver.</param>
    public PlatformWebSocket(WebSocketConnection connection, PullReceiver pull)
        : base(connection, pull)
    {
    }

    /// <inheritdoc/>
    protected override bool FillsBuffers => true;

    /// <inheritdoc/>
    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? ReceiveOrAbortAsync(buffer, cancellationToken)
            : base.ReceiveAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, WebSocketMessageFlags messageFlags,
        CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
        {
            return base.SendAsync(buffer, messageType, messageFlags, cancellationToken);
        }

        // One that is canceled before it begins aborts nothing.
        if (cancellationToken.IsCancellationRequested && State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        ValueTask sending = base.SendAsync(buffer, messageType, messageFlags, cancellationToken);
        return sending.IsCompletedSuccessfully ? sending : AwaitOrAbortAsync(sending, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task CloseAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        Task closing = base.CloseAsync(closeStatus, statusDescription, cancellationToken);
        return closing.IsCompleted || !cancellationToken.CanBeCanceled
            ? closing
            : AwaitOrAbortAsync(new ValueTask(closing), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    protected override async ValueTask<ValueWebSocketReceiveResult> ReceiveBesideAsync(
        Memory<byte> buffer, CancellationToken cancellationToken)
    {
        TaskCompletionSource fresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource turn = Interlocked.CompareExchange(ref _turn, fresh, null) ?? fresh;
        if (!IsReceiving)
        {
            // It has ended before this one was seen.
            OnReceiveEnded();
        }

        await turn.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await base.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void OnReceiveEnded()
    {
        if (Volatile.Read(ref _turn) is not null)
        {
            Interlocked.Exchange(ref _turn, null)?.TrySetResult();
        }
    }

    /// <inheritdoc/>
    protected override void End(WebSocketState state)
    {
        if (state == WebSocketState.Aborted)
        {
            Connection.Abort();
            return;
        }

        // First: an application that has nothing left to receive would have the peer's Close frame answered.
        Connection.Core.Closing.Leave();
        StopReceiving();
    }

    /// <inheritdoc/>
    /// <remarks>A deadline of this end has passed: the platform's class then counts as aborted.</remarks>
    protected override Exception CreateLost(WebSocketClosedException exception) =>
        exception.Result.Exception is TimeoutException timeout
            ? new OperationCanceledException("Aborted", new WebSocketException(WebSocketError.Faulted, timeout.Message, exception))
            : base.CreateLost(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ValueWebSocketReceiveResult> ReceiveOrAbortAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await base.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Abort();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitOrAbortAsync(ValueTask call, CancellationToken cancellationToken)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Abort();
            throw;
        }
    }
}
