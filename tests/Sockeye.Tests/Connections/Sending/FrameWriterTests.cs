namespace Sockeye.Tests;

/// <summary>Frames that an application sends as they are: WebSocket-Node, <c>sendFrame</c>.</summary>
public sealed class FrameWriterTests
{
    private readonly TestConnection _test = new();
    private readonly WebSocketFrameWriter _frames;

    public FrameWriterTests() => _frames = new WebSocketFrameWriter(_test.Connection);

    [Theory]
    [InlineData(1, true, false, false, false, "81 01 41")]
    [InlineData(2, false, true, false, false, "42 01 41")]
    [InlineData(3, true, false, true, false, "A3 01 41")]
    [InlineData(7, true, true, true, true, "F7 01 41")]
    [InlineData(9, true, false, false, true, "99 01 41")]
    [InlineData(15, true, false, false, false, "8F 01 41")]
    public void A_frame_is_sent_as_it_is(int opcode, bool fin, bool rsv1, bool rsv2, bool rsv3, string wire)
    {
        Send(new WebSocketFrame(opcode, "A"u8.ToArray()) { Fin = fin, Rsv1 = rsv1, Rsv2 = rsv2, Rsv3 = rsv3 });
        Assert.Equal(wire.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(_test.Transport.TakeOutput()));
    }

    [Fact]
    public void Messages_of_others_wait_from_the_first_fragment_to_the_last_and_control_frames_do_not()
    {
        Send(new WebSocketFrame(1, "a"u8.ToArray()) { Fin = false });
        Task other = _test.Connection.SendAsync("other").AsTask();
        Send(new WebSocketFrame(9, "p"u8.ToArray()));
        Send(new WebSocketFrame(0, "b"u8.ToArray()) { Fin = false });
        Assert.False(other.IsCompleted);
        Assert.Equal("Text… 'a', Ping 'p', Continuation… 'b'", _test.Wire());

        Send(new WebSocketFrame(0, "c"u8.ToArray()));

        Assert.True(other.IsCompletedSuccessfully);
        Assert.Equal("Continuation 'c', Text 'other'", _test.Wire());
    }

    [Fact]
    public async Task A_frame_that_would_corrupt_a_message_is_rejected()
    {
        await Rejected(new WebSocketFrame(0, default));
        await Rejected(new WebSocketFrame(9, default) { Fin = false });
        Send(new WebSocketFrame(1, default) { Fin = false });
        await Rejected(new WebSocketFrame(1, default));
        await Rejected(new WebSocketFrame(3, default));
        Send(new WebSocketFrame(0, default));
        Send(new WebSocketFrame(1, default));

        async Task Rejected(WebSocketFrame frame) =>
            await Assert.ThrowsAsync<InvalidOperationException>(() => _frames.SendAsync(frame).AsTask());
    }

    [Fact]
    public void A_frame_that_no_peer_could_read_cannot_be_created()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketFrame(8, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketFrame(16, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketFrame(-1, default));
        Assert.Throws<ArgumentException>(() => new WebSocketFrame(10, new byte[126]));
    }

    [Fact]
    public async Task A_writer_that_is_disposed_within_a_message_fails_the_connection_with_1011()
    {
        Send(new WebSocketFrame(1, default) { Fin = false });
        await _frames.DisposeAsync();
        Assert.EndsWith("Close 1011", _test.Wire(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _frames.SendAsync(new WebSocketFrame(0, default)).AsTask());
    }

    [Fact]
    public async Task A_writer_that_is_disposed_between_messages_changes_nothing()
    {
        Send(new WebSocketFrame(1, default));
        await _frames.DisposeAsync();
        Assert.Equal(WebSocketConnectionState.Open, _test.Connection.State);
    }

    [Fact] // RFC 7692 §7.1.1
    public async Task A_frame_with_RSV1_is_rejected_where_compressed_messages_refer_to_earlier_ones()
    {
        var test = new TestConnection(deflate: DeflateSetup.Takeover());
        await using var frames = new WebSocketFrameWriter(test.Connection);
        var compressed = new WebSocketFrame(1, "A"u8.ToArray()) { Rsv1 = true };

        await Assert.ThrowsAsync<InvalidOperationException>(() => frames.SendAsync(compressed).AsTask());
        Assert.True(frames.SendAsync(new WebSocketFrame(1, "A"u8.ToArray())).IsCompletedSuccessfully);
        Assert.True(new WebSocketFrameWriter(new TestConnection(deflate: DeflateSetup.Forgetting()).Connection)
            .SendAsync(compressed).IsCompletedSuccessfully);
    }

    private void Send(WebSocketFrame frame) => Assert.True(_frames.SendAsync(frame).IsCompletedSuccessfully);
}
