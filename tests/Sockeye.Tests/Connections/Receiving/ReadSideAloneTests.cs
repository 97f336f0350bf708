using System.Buffers;
using Sockeye.Connections.Receiving;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The read side without a connection around it: bytes go in, and reports come out.</summary>
public sealed class ReadSideAloneTests : IReadSideOwner
{
    private readonly ReceiverBench _bench = new();
    private readonly HandlerReceiver _receiver;
    private readonly List<string> _reports = [];
    private ReadSide _reads;

    public ReadSideAloneTests()
    {
        _receiver = new HandlerReceiver(_bench);
        _receiver.Open();
    }

    MessageReaderSettings IReadSideOwner.Reader => _bench.Settings.Reader;

    IMessageInflater? IReadSideOwner.Inflater => null;

    Receiver IReadSideOwner.Receiver => _receiver;

    TimeSlice? IReadSideOwner.Slice => null;

    ArrayPool<byte> IReadSideOwner.Pool => _bench.Pool;

    bool IReadSideOwner.IsInputOver => _bench.IsInputOver;

    long IReadSideOwner.ReceivedLength => 0;

    [Fact]
    public void Whole_messages_leave_nothing_behind()
    {
        ReadVerdict verdict = Receive([.. Frame(Opcode.Text, "one"), .. Frame(Opcode.Text, "two")]);

        Assert.Equal(ReadVerdict.Continue, verdict);
        Assert.Equal("opened, message one, message two", _bench.Calls);
        Assert.False(_reads.IsUnfinished);
        Assert.Empty(_reports);
    }

    [Fact]
    public void A_message_that_is_cut_is_open_until_its_rest_has_arrived()
    {
        byte[] frame = Frame(Opcode.Text, "message");

        Receive(frame[..5]);
        Assert.True(_reads.IsUnfinished);
        Assert.Equal(["open"], _reports);
        Receive(frame[5..]);

        Assert.False(_reads.IsUnfinished);
        Assert.Equal(["open", "whole"], _reports);
        Assert.Equal("opened, message message", _bench.Calls);
        Assert.Equal(0, _bench.Pool.OutCount);
    }

    [Fact]
    public void Control_frames_are_reported_and_what_follows_a_close_frame_is_discarded()
    {
        Receive([
            .. Frame(Opcode.Ping, "a"), .. Frame(Opcode.Pong, "b"), .. TestConnection.FrameOf(Role.Client, Opcode.Close, [0x03, 0xE9]),
            .. Frame(Opcode.Text, "behind")]);

        Assert.Equal(["ping a", "pong b", "close 1001", "whole"], _reports);
        Assert.Equal("opened", _bench.Calls);
    }

    [Fact]
    public void A_broken_rule_is_reported_once()
    {
        Receive([0xFF, 0x80, 0, 0, 0, 0]); // RFC 6455 §5.2: reserved bits, and an opcode that is not defined

        Assert.Equal("violation", Assert.Single(_reports, report => report != "whole"));
    }

    [Fact]
    public void A_peer_that_goes_on_sending_after_the_end_is_reported_when_sixteen_mebibytes_have_been_discarded()
    {
        _bench.IsInputOver = true;

        for (int i = 0; i < 256; i++)
        {
            Receive(new byte[64 * 1024]);
        }

        Assert.DoesNotContain("too much", _reports);
        Receive(new byte[1]);

        Assert.Contains("too much", _reports);
    }

    [Fact]
    public void Bytes_from_before_the_connection_are_read_when_reading_is_resumed()
    {
        _reads.Preload(this, Frame(Opcode.Text, "early"));
        Assert.Equal("opened", _bench.Calls);

        _reads.OnReadingResumed();

        Assert.Equal("opened, message early", _bench.Calls);
        Assert.Equal(0, _bench.Pool.OutCount);
    }

    void IReadSideOwner.OnPing(ReadOnlySpan<byte> payload) => _reports.Add($"ping {System.Text.Encoding.UTF8.GetString(payload)}");

    void IReadSideOwner.OnPong(ReadOnlySpan<byte> payload) => _reports.Add($"pong {System.Text.Encoding.UTF8.GetString(payload)}");

    void IReadSideOwner.OnClose(CloseStatus status)
    {
        _reports.Add($"close {(int)status.Code}");
        _bench.IsInputOver = true;
    }

    void IReadSideOwner.OnViolation(ProtocolViolation violation)
    {
        _reports.Add("violation");
        _bench.IsInputOver = true;
    }

    void IReadSideOwner.OnMessageOpen(long takenLength, int number) => _reports.Add("open");

    ReceiveRates? IReadSideOwner.Rates => null;

    bool IReadSideOwner.FailIf(WebSocketRateException? excess) => false;

    void IReadSideOwner.OnReceiveMeasured(WebSocketMessageKind kind, int length, bool endsMessage)
    {
    }

    void IReadSideOwner.OnMessageDetached(int length)
    {
    }

    void IReadSideOwner.OnMessageWhole() => _reports.Add("whole");

    void IReadSideOwner.OnTooMuchDiscarded() => _reports.Add("too much");

    private static byte[] Frame(Opcode opcode, string text) =>
        TestConnection.FrameOf(Role.Client, opcode, System.Text.Encoding.UTF8.GetBytes(text));

    private ReadVerdict Receive(byte[] bytes) => _reads.OnReceived(this, bytes);
}
