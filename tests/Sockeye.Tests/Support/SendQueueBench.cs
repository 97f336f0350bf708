using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A send queue over a transport in memory.</summary>
internal sealed class SendQueueBench : ISendQueueOwner, ITransportSink
{
    public SendQueueBench(Role role = Role.Server, int limit = 1024)
    {
        Transport = new InMemoryTransport { Sink = this };
        Sends = new SendQueue(SendSettings.Of(role, Pool, limit), Transport, this);
    }

    public InMemoryTransport Transport { get; }

    public CountingPool Pool { get; } = new();

    public SendQueue Sends { get; }

    /// <summary>How often the buffer has drained after a congestion.</summary>
    public int DrainedCount { get; private set; }

    /// <summary>How often the transport did not accept everything.</summary>
    public int BlockedCount { get; private set; }

    /// <summary>How often the transport told of progress.</summary>
    public int ProgressCount { get; private set; }

    /// <summary>The frames written since the last look.</summary>
    public IReadOnlyList<RawFrame> Frames() => RawFrame.ReadAll(Transport.TakeOutput());

    /// <summary>The frames written since the last look, in short.</summary>
    public string Wire() => string.Join(", ", Frames());

    /// <summary>Fills the send buffer up to its limit over a blocked transport.</summary>
    public void Block(int length = 1024)
    {
        Transport.Capacity = 0;
        Assert.Equal(WebSocketSendResult.Queued, Sends.TrySend(Opcode.Binary, new byte[length]));
    }

    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(Opcode.Text, text, fin: true, writer: null, cancellationToken);

    public ValueTask SendAsync(
        Opcode opcode, string text, bool fin = true, object? writer = null, CancellationToken cancellationToken = default)
    {
        var frame = new OutgoingFrame(opcode, System.Text.Encoding.UTF8.GetBytes(text), fin) { Writer = writer };
        return Sends.SendAsync(frame, cancellationToken);
    }

    public WebSocketClosedException CreateClosedException() => new(new WebSocketCloseResult(
        WebSocketCloseCode.NormalClosure, "", wasClean: true, WebSocketCloseInitiator.Local, exception: null));

    public void OnSendBlocked() => BlockedCount++;

    public void OnSendProgress() => ProgressCount++;

    public void OnSendBufferDrained() => DrainedCount++;

    /// <summary>How often a message was refused, or waited.</summary>
    public int NoRoomCount { get; private set; }

    /// <summary>The messages that were dropped.</summary>
    public SendDrops Drops { get; private set; }

    /// <summary>How often a drop made the peer slow.</summary>
    public int SlowCount { get; private set; }

    public void OnNoRoom() => NoRoomCount++;

    public void OnDropped(in SendDrops drops, bool becomesSlow)
    {
        Drops = new SendDrops(Drops.Newest + drops.Newest, Drops.Oldest + drops.Oldest, Drops.Replaced + drops.Replaced);
        SlowCount += becomesSlow ? 1 : 0;
    }

    /// <summary>How often the queue reported that everything, a Close frame the last of it, was given to the transport.</summary>
    public int CloseWrittenCount { get; private set; }

    public void OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage)
    {
    }

    public void OnWriteMeasured(long length)
    {
    }

    public void OnCloseWritten() => CloseWrittenCount++;

    public void OnFaulted(Exception exception) => throw exception;

    public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

    public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

    public void OnWritten() => Sends.OnWritten();

    public void OnInputEnded()
    {
    }

    public void OnClosed(Exception? error) => Sends.Terminate();
}
