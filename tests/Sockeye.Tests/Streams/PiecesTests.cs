using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Messages whose payload lies in several pieces.</summary>
public sealed class PiecesTests
{
    private static readonly WebSocketMessageKind Text = WebSocketMessageKind.Text;

    private readonly TestConnection _test = new(Role.Client);

    [Fact]
    public async Task Pieces_are_sent_as_one_message()
    {
        ReadOnlyMemory<byte> header = "head"u8.ToArray();
        ReadOnlyMemory<byte> body = "body"u8.ToArray();

        await _test.Connection.SendAsync([header, ReadOnlyMemory<byte>.Empty, body], Text);
        Assert.Equal(WebSocketSendResult.Sent, _test.Connection.TrySend([body, header], Text));
        Assert.Equal(WebSocketSendResult.Sent, _test.Connection.TrySend([], Text));

        Assert.Equal("Text 'headbody', Text 'bodyhead', Text ''", _test.Wire());
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public async Task A_sequence_is_sent_as_one_message(int segmentCount)
    {
        ReadOnlySequence<byte> sequence = SequenceOf(segmentCount);

        await _test.Connection.SendAsync(sequence, Text);
        Assert.Equal(WebSocketSendResult.Sent, _test.Connection.TrySend(sequence, Text));

        string text = string.Concat(Enumerable.Repeat("abc", segmentCount));
        Assert.Equal($"Text '{text}', Text '{text}'", _test.Wire());
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Fact]
    public async Task Pieces_may_be_changed_while_the_message_waits()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { Limits = new LimitOptions { MaxSendBufferLength = 10 } });
        test.Transport.Capacity = 0;
        _ = test.Connection.TrySend(new string('x', 20));
        byte[] piece = [.. "abc"u8];

        Task waits = test.Connection.SendAsync([piece, piece], Text).AsTask();
        piece.AsSpan().Clear();
        test.Transport.Drain();
        await waits.WithDeadline();

        Assert.Equal($"Text '{new string('x', 20)}', Text 'abcabc'", test.Wire());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void An_invalid_kind_rents_nothing()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = _test.Connection.SendAsync([], (WebSocketMessageKind)8));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = _test.Connection.TrySend(SequenceOf(2), (WebSocketMessageKind)0));
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Fact]
    public void A_payload_longer_than_an_array_is_rejected_before_anything_is_copied()
    {
        byte[] long1 = new byte[1024 * 1024];
        ReadOnlyMemory<byte>[] pieces = [.. Enumerable.Repeat((ReadOnlyMemory<byte>)long1, 2_100)];
        var exception = Assert.Throws<ArgumentException>(() => _ = _test.Connection.SendAsync(pieces, Text));
        Assert.Contains("BeginMessage", exception.Message, StringComparison.Ordinal);
    }

    private static ReadOnlySequence<byte> SequenceOf(int segmentCount)
    {
        Segment? first = null;
        Segment? last = null;
        for (int i = 0; i < segmentCount; i++)
        {
            last = last is null ? first = new Segment("abc"u8.ToArray()) : last.Append("abc"u8.ToArray());
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
