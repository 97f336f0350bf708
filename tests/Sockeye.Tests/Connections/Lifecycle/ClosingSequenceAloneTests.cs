using Sockeye.Connections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The executor of the lifecycle over a send queue and a transport, without a connection.</summary>
public sealed class ClosingSequenceAloneTests : IClosingOwner, IClosingReceiver, ISendQueueOwner, ITransportSink
{
    private static readonly CloseStatus Away = new(WebSocketCloseCode.GoingAway, "");

    private readonly ManualTimeProvider _time = new();
    private readonly InMemoryTransport _transport = new();
    private readonly SendQueue _sends;
    private readonly ClosingSequence _closing;
    private readonly List<string> _reports = [];
    private bool _isDone = true;

    public ClosingSequenceAloneTests()
    {
        ConnectionSettings settings = SendSettings.Of(Role.Server, new CountingPool(), time: _time);
        _transport.Sink = this;
        _sends = new SendQueue(settings, _transport, this);
        _closing = new ClosingSequence(settings, _transport, _sends, this, this);
    }

    public bool IsReadingPaused { get; private set; }

    public int TakenCount => 0;

    public bool WaitsForPeer => false;

    public bool HasMessageInHand => false;

    [Fact]
    public void A_close_sends_the_frame_and_reports_when_the_peers_has_arrived()
    {
        _closing.Close(Away);
        Assert.Equal(WebSocketConnectionState.Closing, _closing.State);
        Assert.Equal("Close 1001", Wire());
        Assert.Empty(_reports);

        _closing.PeerClosed(Away);

        Assert.Equal(["no pings", "reported"], _reports);
        Assert.True(_closing.Describe().WasClean);
        Assert.True(_transport.IsOutputEnded); // RFC 6455 §7.1.1: the server ends the transport first
        Assert.True(_closing.TryConclude());
        Assert.False(_closing.TryConclude());
    }

    [Fact]
    public async Task A_peer_that_does_not_respond_is_dropped_after_the_close_timeout()
    {
        _closing.Close(Away);

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(WebSocketConnectionState.Closing, _closing.State);
        _time.Advance(TimeSpan.FromSeconds(0.4));

        Assert.Equal(WebSocketConnectionState.Closed, _closing.State);
        Assert.IsType<TimeoutException>(_closing.Describe().Exception);
        Assert.True(_transport.IsClosed);
        _closing.Announce();
        Assert.Equal(WebSocketCloseCode.GoingAway, (await _closing.Closed).Code);
    }

    [Fact]
    public void An_application_that_is_not_done_delays_the_close_frame_by_the_reply_delay()
    {
        _isDone = false;

        _closing.PeerClosed(Away);
        Assert.Equal("", Wire());
        _time.Advance(TimeSpan.FromSeconds(1.3));

        Assert.Equal("Close 1001", Wire());
    }

    [Fact]
    public void Reading_that_waits_for_the_application_too_long_is_reported()
    {
        _closing.Close(Away);
        IsReadingPaused = true;
        _closing.WatchReceiver();

        _time.Advance(TimeSpan.FromSeconds(1.3));

        Assert.Equal(["read on"], _reports);
        Assert.Equal(WebSocketConnectionState.Closing, _closing.State);
    }

    [Fact]
    public void Pings_are_sent_and_answered_while_it_is_open_and_not_after_the_close_frame()
    {
        Assert.True(_closing.MaySendPing());
        Assert.True(_closing.MayAnswerPing());
        Assert.True(_closing.MayWatchSends());

        _closing.Close(Away);

        Assert.False(_closing.MaySendPing());
        Assert.False(_closing.MayAnswerPing());
        Assert.False(_closing.PeerSilent(new TimeoutException()));
        Assert.False(_closing.MessageStalled(Away, new TimeoutException()));
    }

    [Fact]
    public void A_silent_peer_ends_the_transport_and_then_every_deadline()
    {
        Assert.True(_closing.PeerSilent(new TimeoutException("silent")));
        Assert.True(_transport.IsAborted);

        Assert.Equal(["no deadlines", "no pings", "reported"], _reports);
        Assert.Equal("silent", _closing.Describe().Exception!.Message);
        Assert.Equal(0, _time.TimerCount);
        Assert.False(_closing.MayWatchSends());
    }

    void IClosingOwner.OnReported() => _reports.Add("reported");

    void IClosingOwner.OnRegistrationFailed(Exception exception) => throw exception;

    void IClosingOwner.StopPings() => _reports.Add("no pings");

    void IClosingOwner.StopDeadlines() => _reports.Add("no deadlines");

    void IClosingOwner.ReadOn(TimeSpan waited) => _reports.Add("read on");

    void IClosingOwner.OnFaulted(Exception exception) => throw exception;

    bool IClosingReceiver.TryNoteEnd() => _isDone;

    WebSocketClosedException ISendQueueOwner.CreateClosedException() => new(_closing.Describe());

    void ISendQueueOwner.OnSendBlocked()
    {
    }

    void ISendQueueOwner.OnSendProgress()
    {
    }

    void ISendQueueOwner.OnNoRoom()
    {
    }

    void ISendQueueOwner.OnDropped(in SendDrops drops, bool becomesSlow)
    {
    }

    void ISendQueueOwner.OnSendBufferDrained()
    {
    }

    void ISendQueueOwner.OnFaulted(Exception exception) => throw exception;

    void ISendQueueOwner.OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage)
    {
    }

    void ISendQueueOwner.OnWriteMeasured(long length)
    {
    }

    void ISendQueueOwner.OnCloseWritten() => _closing.CloseWritten();

    ReadVerdict ITransportSink.OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

    ReadVerdict ITransportSink.OnReadingResumed() => ReadVerdict.Continue;

    void ITransportSink.OnWritten() => _sends.OnWritten();

    void ITransportSink.OnInputEnded() => _closing.InputEnded();

    void ITransportSink.OnClosed(Exception? error) => _closing.TransportGone(error);

    private string Wire() => string.Join(", ", RawFrame.ReadAll(_transport.TakeOutput()));
}
