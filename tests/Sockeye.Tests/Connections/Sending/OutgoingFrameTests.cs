using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class OutgoingFrameTests
{
    [Fact] // §5.7
    public void A_server_sends_the_RFC_example() =>
        Assert.Equal("810548656C6C6F", Convert.ToHexString(Write(Role.Server, Opcode.Text, "Hello"u8)));

    [Fact] // §5.4
    public void A_fragment_before_the_last_has_FIN_clear() =>
        Assert.Equal("010348656C", Convert.ToHexString(Write(Role.Server, Opcode.Text, "Hel"u8, fin: false)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void A_client_masks_every_frame_with_a_fresh_key(int length) // §5.3, FR-50, FR-51
    {
        byte[] payload = RandomBytes(length);

        byte[] first = Write(Role.Client, Opcode.Binary, payload);
        byte[] second = Write(Role.Client, Opcode.Binary, payload);
        byte[] ping = Write(Role.Client, Opcode.Ping, []);
        IReadOnlyList<RawFrame> sent = RawFrame.ReadAll([.. first, .. second, .. ping]);

        Assert.Equal(3, sent.Count);
        Assert.All(sent, frame => Assert.NotNull(frame.Key));
        Assert.True(sent.Select(frame => frame.Key).Distinct().Count() >= 2);
        Assert.Equal(payload, sent[0].Payload);
        Assert.Equal(payload, sent[1].Payload);
    }

    [Fact] // ws, "frame writer" 1
    public void Read_only_input_is_not_modified_by_masking()
    {
        for (int length = 0; length < 300; length++)
        {
            byte[] payload = RandomBytes(length);
            byte[] before = [.. payload];

            Write(Role.Client, Opcode.Binary, payload);

            Assert.Equal(before, payload);
        }
    }

    [Theory]
    [InlineData(0, Role.Server, 2)]
    [InlineData(125, Role.Client, 131)]
    [InlineData(126, Role.Server, 130)]
    [InlineData(65_535, Role.Client, 65_543)]
    [InlineData(65_536, Role.Server, 65_546)]
    internal void The_length_of_a_frame_includes_its_header(int payloadLength, Role role, int expected)
    {
        Assert.Equal(expected, OutgoingFrame.LengthOf(payloadLength, role));
        Assert.Equal(expected, Write(role, Opcode.Binary, new byte[payloadLength]).Length);
    }

    [Fact]
    public void A_frame_longer_than_the_maximum_span_throws() =>
        Assert.Throws<OverflowException>(() => OutgoingFrame.LengthOf(int.MaxValue, Role.Server));

    private static byte[] Write(Role role, Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true)
    {
        // No longer than what was promised: a byte more would not go in.
        byte[] frame = new byte[OutgoingFrame.LengthOf(payload.Length, role)];
        return frame[..new OutgoingFrame(opcode, fin: fin).Write(frame, role, payload)];
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
