using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Messages that are sent in fragments because they are long: WebSocket-Node, <c>fragmentOutgoingMessages</c>.</summary>
public sealed class FragmentLengthTests
{
    [Theory]
    [InlineData(true, 0, "0")]
    [InlineData(true, 200, "200")]
    [InlineData(true, 201, "200… 1")]
    [InlineData(true, 400, "200… 200")]
    [InlineData(true, 1_001, "200… 200… 200… 200… 200… 1")]
    [InlineData(false, 200, "200")]
    [InlineData(false, 401, "200… 200… 1")]
    public void A_message_longer_than_a_frame_may_be_is_sent_in_fragments(bool isServer, int length, string expected)
    {
        byte[] payload = new byte[length];
        Random.Shared.NextBytes(payload);
        for (int way = 0; way < 3; way++)
        {
            TestConnection test = Open(isServer);
            switch (way)
            {
                case 0:
                    Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend(payload));
                    break;
                case 1:
                    Assert.True(test.Connection.SendAsync(payload).IsCompletedSuccessfully);
                    break;
                default:
                    Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend(WebSocketPreparedMessage.Binary(payload)));
                    break;
            }

            AssertFragments(test, payload, expected);
        }
    }

    [Fact]
    public void A_long_message_of_megabytes_is_sent_in_fragments_while_the_transport_is_slow()
    {
        byte[] payload = new byte[1_000_000];
        Random.Shared.NextBytes(payload);
        TestConnection test = Open(isServer: true);
        test.Transport.Capacity = 1_000;
        ValueTask sending = test.Connection.SendAsync(payload);
        Assert.True(sending.IsCompletedSuccessfully);

        IReadOnlyList<RawFrame> frames = [];
        while (test.Connection.SendBufferLength > 0)
        {
            test.Transport.Drain();
        }

        frames = test.Frames();
        Assert.Equal(5_000, frames.Count);
        Assert.Equal(payload, frames.SelectMany(frame => frame.Payload));
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void Only_the_first_fragment_of_a_compressed_message_has_RSV1() // RFC 7692 §6.1
    {
        var test = new TestConnection(
            options: new WebSocketConnectionOptions { FragmentLength = 125 }, deflate: DeflateSetup.Forgetting());

        // Shrinks to about half.
        byte[] payload = System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(RandomNumberGenerator.GetBytes(4_000)));

        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend(payload));

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.InRange(frames.Count, 30, 45);
        Assert.Equal(FrameHeader.Rsv1, frames[0].ReservedBits);
        Assert.All(frames.Skip(1), frame => Assert.Equal((0, RawOpcode.Continuation), (frame.ReservedBits, frame.Opcode)));
        Assert.Equal(payload, Inflating.Inflate([.. frames.SelectMany(frame => frame.Payload)]));
    }

    [Fact]
    public void A_fragment_of_a_writer_that_is_too_long_is_split_too()
    {
        TestConnection test = Open(isServer: true);
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        Assert.True(writer.WriteAsync(new byte[300]).IsCompletedSuccessfully);
        Assert.True(writer.CompleteAsync(new byte[300]).IsCompletedSuccessfully);

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal([200, 100, 200, 100], frames.Select(frame => frame.Payload.Length));
        Assert.Equal([false, false, false, true], frames.Select(frame => frame.Fin));
        Assert.Equal(
            [RawOpcode.Binary, RawOpcode.Continuation, RawOpcode.Continuation, RawOpcode.Continuation],
            frames.Select(frame => frame.Opcode));
    }

    [Theory]
    [InlineData(false, 125, 2_100_000_000)]
    [InlineData(true, 125, 2_140_000_000)]
    [InlineData(true, null, 2_147_483_590)]
    [InlineData(false, null, int.MaxValue)]
    public async Task A_message_that_is_too_long_with_its_headers_is_rejected_at_once_and_delays_no_other(
        bool isServer, int? fragmentLength, int length)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client, options: new WebSocketConnectionOptions
        {
            FragmentLength = fragmentLength,
            Limits = new() { MaxSendBufferLength = 100 },
        });
        using var memory = new UntouchedMemory(length);
        test.Transport.Capacity = 0;
        await test.Connection.SendAsync(new byte[100]).WithDeadline();

        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(() => test.Connection.SendAsync(memory.Memory).AsTask());
        Assert.StartsWith($"The message of {length} bytes is too long", thrown.Message);
        Assert.Throws<ArgumentException>(() => test.Connection.TrySend(memory.GetSpan()));
        foreach (WebSocketSlowConsumerPolicy policy in Enum.GetValues<WebSocketSlowConsumerPolicy>())
        {
            var options = new WebSocketSendOptions { SlowConsumer = policy, Key = "key" };
            Assert.Throws<ArgumentException>(() => test.Connection.TrySend(memory.GetSpan(), WebSocketMessageKind.Binary, options));
            await Assert.ThrowsAsync<ArgumentException>(
                () => test.Connection.SendAsync(memory.Memory, WebSocketMessageKind.Binary, options).AsTask());
        }

        await using (WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Binary))
        {
            await Assert.ThrowsAsync<ArgumentException>(() => writer.WriteAsync(memory.Memory).AsTask()).WithDeadline();
        }

        Task next = test.Connection.SendAsync("next").AsTask();
        test.Transport.Drain();
        await next.WithDeadline();
        Assert.Equal("Binary 100 bytes, Text 'next'", test.Wire());
        Assert.Equal((0, 0), (test.Connection.SendBufferLength, test.Pool.OutCount));
    }

    [Fact]
    public void A_frame_has_room_for_every_control_frame()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketConnectionOptions { FragmentLength = 124 });
        Assert.Equal(125, new WebSocketConnectionOptions { FragmentLength = 125 }.FragmentLength);
        Assert.Null(new WebSocketConnectionOptions().FragmentLength);
    }

    private static TestConnection Open(bool isServer) => new(
        isServer ? Role.Server : Role.Client, options: new WebSocketConnectionOptions { FragmentLength = 200 });

    private static void AssertFragments(TestConnection test, byte[] payload, string expected)
    {
        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal(expected, string.Join(' ', frames.Select(frame => $"{frame.Payload.Length}{(frame.Fin ? "" : "…")}")));
        Assert.Equal(payload, frames.SelectMany(frame => frame.Payload));
        Assert.Equal(RawOpcode.Binary, frames[0].Opcode);
        Assert.All(frames.Skip(1), frame => Assert.Equal(RawOpcode.Continuation, frame.Opcode));
        Assert.All(frames, frame => Assert.Equal(test.Role == Role.Client, frame.Key is not null));
        Assert.Equal(0, test.Pool.OutCount);
        Assert.Equal(1, test.Connection.SentMessageCount);
    }

    // Of which the system provides nothing unless it is used.
    private sealed unsafe class UntouchedMemory(int length) : MemoryManager<byte>
    {
        private readonly void* _start = NativeMemory.Alloc((nuint)length);

        public override Span<byte> GetSpan() => new(_start, length);

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing) => NativeMemory.Free(_start);
    }
}
