using System.Buffers;

namespace Sockeye.Protocol.Tests;

/// <summary>Writing with <see cref="FrameHeader"/>.</summary>
public sealed class FrameHeaderWriteTests
{
    private const uint Key = 0x3D21FA37;
    private const byte Untouched = 0xEE;

    private static readonly long[] BoundaryLengths =
    [
        0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 65_537, int.MaxValue, 1L << 31,
        uint.MaxValue, 1L << 32, 1L << 53, long.MaxValue,
    ];

    [Theory]
    [InlineData("81 05", true, 0x1, null, 5L)] // RFC 6455 §5.7
    [InlineData("81 85 37FA213D", true, 0x1, Key, 5L)]
    [InlineData("01 03", false, 0x1, null, 3L)]
    [InlineData("80 02", true, 0x0, null, 2L)]
    [InlineData("89 05", true, 0x9, null, 5L)]
    [InlineData("8A 85 37FA213D", true, 0xA, Key, 5L)]
    [InlineData("82 7E 0100", true, 0x2, null, 256L)]
    [InlineData("82 7F 0000000000010000", true, 0x2, null, 65_536L)]
    [InlineData("82 7D", true, 0x2, null, 125L)]
    [InlineData("82 7E 007E", true, 0x2, null, 126L)]
    [InlineData("82 FE FFFF 37FA213D", true, 0x2, Key, 65_535L)]
    [InlineData("82 FF 7FFFFFFFFFFFFFFF 37FA213D", true, 0x2, Key, long.MaxValue)]
    public void The_bytes_of_the_RFC_are_written(string hex, bool fin, int opcode, uint? key, long length)
    {
        byte[] destination = new byte[FrameHeader.MaxLength];

        int written = FrameHeader.Write(destination, fin, 0, (Opcode)opcode, key, length);

        Assert.Equal(Wire.Bytes(hex), destination[..written]);
    }

    [Fact]
    public void A_zero_masking_key_is_written()
    {
        byte[] destination = new byte[FrameHeader.MaxLength];

        int written = FrameHeader.Write(destination, fin: true, 0, Opcode.Text, maskingKey: 0, 5);

        Assert.Equal(Wire.Bytes("81 85 00000000"), destination[..written]);
    }

    [Fact]
    public void Writes_the_reserved_bits()
    {
        byte[] destination = new byte[FrameHeader.MaxLength];

        FrameHeader.Write(destination, fin: true, FrameHeader.Rsv1, Opcode.Text, null, 5);
        Assert.Equal(0xC1, destination[0]);

        FrameHeader.Write(destination, fin: false, 2, Opcode.Text, null, 5);
        Assert.Equal(0x21, destination[0]);

        FrameHeader.Write(destination, fin: false, 1, Opcode.Text, null, 5);
        Assert.Equal(0x11, destination[0]);
    }

    [Fact]
    public void A_written_header_reads_back_and_no_further_byte_is_changed()
    {
        Opcode[] opcodes = [Opcode.Continuation, Opcode.Text, Opcode.Binary, Opcode.Close, Opcode.Ping, Opcode.Pong];
        uint?[] keys = [null, 0, 1, Key, uint.MaxValue];
        int read = 0;

        foreach (Opcode opcode in opcodes)
        {
            bool control = opcode >= Opcode.Close;
            foreach (long length in BoundaryLengths.Where(length => !control || length <= 125))
            {
                foreach (uint? key in keys)
                {
                    AssertRoundTrip(fin: true, opcode, key, length);
                    if (!control)
                    {
                        AssertRoundTrip(fin: false, opcode, key, length);
                    }

                    read++;
                }
            }
        }

        Assert.Equal(((3 * BoundaryLengths.Length) + (3 * 4)) * keys.Length, read);
    }

    [Theory]
    [InlineData(0, 2, 6)]
    [InlineData(125, 2, 6)]
    [InlineData(126, 4, 8)]
    [InlineData(65_535, 4, 8)]
    [InlineData(65_536, 10, 14)]
    [InlineData(long.MaxValue, 10, 14)]
    public void LengthOf_handles_the_three_forms(long payloadLength, int unmasked, int masked)
    {
        Assert.Equal(unmasked, FrameHeader.LengthOf(payloadLength, masked: false));
        Assert.Equal(masked, FrameHeader.LengthOf(payloadLength, masked: true));
        Assert.True(masked <= FrameHeader.MaxLength);
    }

    // The destination is exactly as long as the header: LengthOf must return enough.
    private static void AssertRoundTrip(bool fin, Opcode opcode, uint? key, long length)
    {
        int expectedLength = FrameHeader.LengthOf(length, key.HasValue);
        byte[] memory = new byte[expectedLength + 2];
        memory.AsSpan().Fill(Untouched);

        int written = FrameHeader.Write(memory.AsSpan(1, expectedLength), fin, 0, opcode, key, length);

        Assert.Equal(expectedLength, written);
        Assert.Equal(Untouched, memory[0]);
        Assert.Equal(Untouched, memory[^1]);

        FrameRules rules = new(key.HasValue ? Role.Server : Role.Client);
        OperationStatus status = FrameHeader.TryRead(
            memory.AsSpan(1, written), rules, out FrameHeader header, out int consumed, out _);
        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal(written, consumed);
        Assert.Equal(new FrameHeader(fin, 0, opcode, key ?? 0, length), header);
    }
}
