using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Logging;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// An opening handshake whose decision the application has not taken yet: what is needed to answer it later, and what the
/// client has sent meanwhile.
/// </summary>
/// <remarks>All but <see cref="FollowAsync"/> and <see cref="Cancel"/> is for the transport's thread.</remarks>
internal sealed class PendingUpgrade(AgreedUpgrade agreed, CancellationTokenSource cancellation)
{
    // RFC 6455 §4.1: a client waits for the answer before it sends. Whoever does not may send a little.
    private const int MaxEarlyLength = 16 * 1024;

    private ArrayBufferWriter<byte>? _early;
    private volatile bool _isSettled;
    private int _isCanceled;

    /// <summary>What is answered if the application accepts.</summary>
    public AgreedUpgrade Agreed { get; } = agreed;

    /// <summary>Whether the application has decided, or failed to.</summary>
    public bool IsSettled => _isSettled;

    /// <summary>What it has decided.</summary>
    public WebSocketUpgradeDecision? Decision { get; private set; }

    /// <summary>What it threw.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What the client has sent behind its request.</summary>
    public Span<byte> Early => _early is null ? [] : MemoryMarshal.AsMemory(_early.WrittenMemory).Span;

    /// <summary>
    /// The transport is to call as soon as there is a decision, and meanwhile tells if the client leaves; it rests if enough has
    /// come.
    /// </summary>
    public ReadVerdict Verdict => _early is { WrittenCount: >= MaxEarlyLength } ? ReadVerdict.Pause : ReadVerdict.Await;

    /// <summary>Keeps what the client has sent behind its request.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            (_early ??= new ArrayBufferWriter<byte>()).Write(bytes);
        }
    }

    /// <summary>Waits for the decision, without a thread.</summary>
    /// <param name="deciding">The application's task.</param>
    /// <param name="settled">Called when there is a decision, on whatever thread took it.</param>
    public async Task FollowAsync(ValueTask<WebSocketUpgradeDecision> deciding, Action settled)
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
    /// Tells the application that nobody waits for its decision any more, unless it has taken it. Not on this thread: that is its
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
            logger.CancellationThrew(remote, exception);
        }
    }
}
