using System.Collections.Concurrent;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport that moves nothing, and whose end is told by whoever empties a mailbox, as an event loop does: never in place.
/// </summary>
internal sealed class PostedTransport(ConcurrentQueue<PostedTransport> mailbox) : Transport
{
    private Exception? _error;
    private int _isEnding;

    /// <summary>Tells the sink that the transport is gone.</summary>
    public void TellClosed() => Sink.OnClosed(_error);

    public override void Start()
    {
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes) => bytes.Length;

    public override bool Write(ReadOnlyMemory<byte> bytes) => true;

    public override void ResumeReading()
    {
    }

    public override void ShutdownOutput()
    {
    }

    public override void Close() => Abort(error: null);

    public override void Abort(Exception? error)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) == 0)
        {
            _error = error;
            mailbox.Enqueue(this);
        }
    }
}
