using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Logging;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>The decision of the application while it is pending, and what the client sends in the meantime.</summary>
/// <remarks>Only the transport's thread uses it, except for <see cref="FollowAsync"/> and <see cref="Cancel"/>.</remarks>
/// <param name="deciding">The task of the application.</param>
/// <param name="cancellation">Cancels its token.</param>
internal sealed class PendingDecision(ValueTask<WebSocketUpgradeDecision> deciding, CancellationTokenSource cancellation)
{
    // RFC 6455 §4.1: a client waits for the response before it sends data. One that does not wait may send a little.
    private const int MaxEarlyLength = 16 * 1024;

    private ArrayBufferWriter<byte>? _early;
    private volatile bool _isSettled;
    private int _isCanceled;

    /// <summary>Whether the application has decided, or has thrown.</summary>
    public bool IsSettled => _isSettled;

    /// <summary>The decision.</summary>
    public WebSocketUpgradeDecision? Decision { get; private set; }

    /// <summary>The exception that the application threw.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What the client has sent after its request.</summary>
    public Span<byte> Early => _early is null ? [] : MemoryMarshal.AsMemory(_early.WrittenMemory).Span;

    /// <summary>
    /// What the transport does until there is a decision: it waits and reports if the client disconnects, and pauses reading if the client
    /// has sent enough.
    /// </summary>
    public ReadVerdict Verdict => _early is { WrittenCount: >= MaxEarlyLength } ? ReadVerdict.Pause : ReadVerdict.Await;

    /// <summary>Keeps what the client has sent after its request.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            (_early ??= new ArrayBufferWriter<byte>()).Write(bytes);
        }
    }

    /// <summary>Waits for the decision, without a thread. Called once.</summary>
    /// <param name="settled">Called once there is a decision, on the thread that completed the task.</param>
    public async Task FollowAsync(Action settled)
    {
        try
        {
            Decision = await deciding.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Failure = exception;
        }

        _isSettled = true;
        settled();
    }

    /// <summary>
    /// Cancels the application's token, unless it has decided. Not on this thread, because callbacks of the token are the application's
    /// code.
    /// </summary>
    public void Cancel(GuardedLogger logger, EndPoint? remote)
    {
        if (!_isSettled && Interlocked.Exchange(ref _isCanceled, 1) == 0)
        {
            _ = CancelAsync(logger, remote);
        }
    }

    private async Task CancelAsync(GuardedLogger logger, EndPoint? remote)
    {
        try
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            logger.CancellationThrew(remote ?? EndPoints.Unknown, exception);
        }
    }
}
