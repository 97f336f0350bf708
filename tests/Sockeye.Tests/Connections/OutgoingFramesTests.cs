using System.Buffers;
using System.Text;
using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class OutgoingFramesTests
{
    private static readonly int[] Lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 200 * 1_024];

    private readonly CountingPool _pool = new();

    [Fact]
    public void A_server_writes_the_frames_of_the_rfc() // RFC 6455 §5.7
    {
        OutgoingFrames frames = new(Role.Server, _pool);

        frames.Append(Opcode.Text, fin: true, "Hello"u8);
        frames.Append(Opcode.Text, fin: false, "Hel"u8);
        frames.Append(Opcode.Continuation, fin: true, "lo"u8);
        frames.Append(Opcode.Ping, fin: true, "Hello"u8);

        Assert.Equal(Wire.Bytes("81 05 48656C6C6F 01 03 48656C 80 02 6C6F 89 05 48656C6C6F"), TakeAll(ref frames));
    }

    [Fact]
    public void A_client_masks_and_leaves_the_payload_as_it_is()
    {
        OutgoingFrames frames = new(Role.Client, _pool);
        byte[] payload = Encoding.UTF8.GetBytes("Hello");

        frames.Append(Opcode.Text, fin: true, payload);

        byte[] written = TakeAll(ref frames);
        Assert.Equal("Hello"u8, payload);
        Assert.Equal(Wire.Bytes("81 85"), written[..2]);
        Masking.ApplyByteByByte(written.AsSpan(6), BitConverter.ToUInt32(written, 2));
        Assert.Equal("Hello"u8, written.AsSpan(6));
    }

    [Fact]
    public void Every_frame_of_a_client_has_a_key_of_its_own_even_without_payload() // FR-50, §5.3
    {
        const int count = 10_000;
        OutgoingFrames frames = new(Role.Client, _pool);
        for (int i = 0; i < count; i++)
        {
            frames.Append(Opcode.Ping, fin: true, []);
        }

        byte[] written = TakeAll(ref frames);
        HashSet<uint> keys = [.. written.Chunk(6).Select(frame => BitConverter.ToUInt32(frame, 2))];

        Assert.Equal(6 * count, written.Length);
        Assert.All(written.Chunk(6), frame => Assert.Equal(Wire.Bytes("89 80"), frame[..2]));

        // Of 10,000 random keys a repeated pair is expected once in 86 runs; more than ten, never.
        Assert.InRange(keys.Count, count - 10, count);
    }

    [Fact]
    public void Frames_of_every_length_form_are_read_as_they_were_written()
    {
        foreach (Role writer in new[] { Role.Client, Role.Server })
        {
            OutgoingFrames frames = new(writer, _pool);
            List<byte[]> payloads = [];
            foreach (int length in Lengths)
            {
                byte[] payload = new byte[length];
                new Random(length).NextBytes(payload);
                payloads.Add(payload);

                frames.Append(Opcode.Binary, fin: true, payload);
            }

            Assert.Equal(payloads, ReadAll(TakeAll(ref frames), writer == Role.Client ? Role.Server : Role.Client));
        }

        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void A_frame_never_lies_across_two_segments() // §5.4: a control frame may go between any two of them
    {
        OutgoingFrames frames = new(Role.Server, _pool);
        Random random = new(6455);
        for (int i = 0; i < 200; i++)
        {
            frames.Append(Opcode.Binary, fin: true, new byte[random.Next(4_000)]);
        }

        int segments = 0;
        int messages = 0;
        while (frames.TryTake(out OutgoingSegment segment))
        {
            messages += ReadAll(segment.Span.ToArray(), Role.Client).Count;
            segments++;
            _pool.Return(segment.Array);
        }

        Assert.Equal(200, messages);
        Assert.True(segments > 10);
        Assert.Equal(0, _pool.OutCount);
        Assert.True(frames.IsEmpty);
    }

    [Fact]
    public void A_header_alone_goes_before_a_payload_that_is_sent_from_where_it_is()
    {
        OutgoingFrames frames = new(Role.Server, _pool);

        frames.AppendHeader(Opcode.Binary, fin: true, 65_536);

        Assert.Equal(Wire.Bytes("82 7F 0000000000010000"), TakeAll(ref frames));
    }

    [Fact]
    public void A_single_frame_has_a_segment_of_its_own_and_leaves_the_others_alone()
    {
        OutgoingFrames frames = new(Role.Server, _pool);
        frames.Append(Opcode.Text, fin: true, "Hello"u8);

        OutgoingSegment close = frames.Single(Opcode.Close, fin: true, [0x03, 0xE8]);

        Assert.Equal(Wire.Bytes("88 02 03E8"), close.Span);
        Assert.Equal(Wire.Bytes("81 05 48656C6C6F"), TakeAll(ref frames));
        _pool.Return(close.Array);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void Lengths_are_known_beforehand()
    {
        foreach (Role writer in new[] { Role.Client, Role.Server })
        {
            foreach (int length in Lengths)
            {
                OutgoingFrames frames = new(writer, _pool);
                long expected = frames.FrameLength(length);

                frames.Append(Opcode.Binary, fin: true, new byte[length]);

                Assert.Equal(expected, TakeAll(ref frames).Length);
            }
        }
    }

    private byte[] TakeAll(ref OutgoingFrames frames)
    {
        List<byte> all = [];
        while (frames.TryTake(out OutgoingSegment segment))
        {
            all.AddRange(segment.Span);
            _pool.Return(segment.Array);
        }

        return [.. all];
    }

    private static List<byte[]> ReadAll(byte[] bytes, Role reader)
    {
        MessageReader messages = new(new MessageReaderSettings(
            new FrameRules(reader), MaxMessageLength: 1 << 20, DeliverFragments: false, ArrayPool<byte>.Shared));
        List<byte[]> payloads = [];
        Span<byte> rest = bytes;
        while (messages.Read(rest, out int consumed, out Span<byte> payload) is ReceivedKind.Message)
        {
            payloads.Add(payload.ToArray());
            rest = rest[consumed..];
        }

        Assert.True(rest.IsEmpty);
        Assert.False(messages.IsInsideMessage);
        return payloads;
    }
}
