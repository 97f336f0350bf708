using System.Runtime.InteropServices;

namespace Sockeye.Protocol.Tests;

public sealed class MaskingTests
{
    private const uint Key = 0x3D21FA37;
    private const byte Untouched = 0xEE;
    private const int Guard = 128;
    private const int WidestVector = 64;

    private static readonly uint[] Keys = [Key, 0, 1, 0xFF000000, uint.MaxValue];

    // Lengths around every vector width, each with every kind of remainder.
    private static readonly int[] NotableLengths =
        [1, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 95, 127, 128, 129, 131, 255, 257, 1_023, 4_099];

    [Fact]
    public void The_RFC_example_is_unmasked_and_masked()
    {
        byte[] payload = Wire.Bytes("7F9F4D5158"); // §5.7

        Masking.Apply(payload, Key);
        Assert.Equal("Hello"u8, payload);

        Masking.Apply(payload, Key);
        Assert.Equal(Wire.Bytes("7F9F4D5158"), payload);
    }

    [Fact]
    public void Every_length_and_key_agrees_with_the_RFC_algorithm()
    {
        foreach (uint key in Keys)
        {
            for (int length = 0; length <= 300; length++)
            {
                AssertInPlace(length, alignment: 0, key);
                AssertIntoAnother(length, key);
            }
        }
    }

    [Fact]
    public unsafe void Every_alignment_agrees_with_the_rfc()
    {
        int longest = NotableLengths.Max() + WidestVector;
        byte* aligned = (byte*)NativeMemory.AlignedAlloc((nuint)longest, WidestVector);
        try
        {
            foreach (int length in NotableLengths)
            {
                for (int alignment = 0; alignment < WidestVector; alignment++)
                {
                    Span<byte> payload = new(aligned + alignment, length);
                    byte[] expected = Random(length);
                    expected.CopyTo(payload);

                    Masking.Apply(payload, Key);

                    Masking.ApplyByteByByte(expected, Key);
                    Assert.True(payload.SequenceEqual(expected), $"length {length}, alignment {alignment}");
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree(aligned);
        }
    }

    [Fact]
    public void Masking_at_any_alignment_leaves_adjacent_bytes_unchanged()
    {
        foreach (int length in NotableLengths)
        {
            for (int alignment = 0; alignment < WidestVector; alignment++)
            {
                AssertInPlace(length, alignment, Key);
            }
        }
    }

    [Fact]
    public void A_payload_split_anywhere_is_masked_like_the_whole()
    {
        for (int length = 0; length <= 150; length++)
        {
            byte[] whole = Random(length);
            Masking.Apply(whole, Key);

            for (int cut = 0; cut <= length; cut++)
            {
                byte[] pieces = Random(length);
                Masking.Apply(pieces.AsSpan(0, cut), Key);
                Masking.Apply(pieces.AsSpan(cut), Masking.Rotate(Key, cut));

                Assert.True(whole.AsSpan().SequenceEqual(pieces), $"length {length}, cut at {cut}");
            }
        }
    }

    [Fact]
    public void Many_pieces_with_a_rotated_key_are_masked_like_the_whole()
    {
        Random random = new(6455);
        for (int round = 0; round < 200; round++)
        {
            byte[] whole = Random(random.Next(1, 2_000));
            byte[] pieces = whole[..];
            uint key = (uint)random.NextInt64(1L << 32);
            Masking.ApplyByteByByte(whole, key);

            uint turned = key;
            for (int offset = 0; offset < pieces.Length;)
            {
                int length = Math.Min(random.Next(0, 100), pieces.Length - offset);
                Masking.Apply(pieces.AsSpan(offset, length), turned);
                turned = Masking.Rotate(turned, length);
                offset += length;
                Assert.Equal(Masking.Rotate(key, offset), turned);
            }

            Assert.True(whole.AsSpan().SequenceEqual(pieces), $"round {round}");
        }
    }

    [Theory]
    [InlineData(0, 0x3D21FA37u)]
    [InlineData(1, 0x373D21FAu)] // what follows "Hello"[..1] begins with FA
    [InlineData(2, 0xFA373D21u)]
    [InlineData(3, 0x21FA373Du)]
    [InlineData(4, 0x3D21FA37u)]
    [InlineData((1L << 32) + 1, 0x373D21FAu)]
    [InlineData(long.MaxValue, 0x21FA373Du)] // 3 modulo 4
    public void Rotate_rotates_the_key_by_bytes(long count, uint expected) =>
        Assert.Equal(expected, Masking.Rotate(Key, count));

    [Fact]
    public void A_destination_that_is_too_short_is_rejected_before_it_is_written()
    {
        byte[] destination = new byte[99];

        Assert.Throws<ArgumentOutOfRangeException>(() => Masking.Apply(new byte[100], destination, Key));

        Assert.Equal(new byte[99], destination);
    }

    private static void AssertInPlace(int length, int alignment, uint key)
    {
        byte[] memory = new byte[Guard + alignment + length + Guard];
        memory.AsSpan().Fill(Untouched);
        byte[] expected = Random(length);
        expected.CopyTo(memory, Guard + alignment);

        Masking.Apply(memory.AsSpan(Guard + alignment, length), key);

        Masking.ApplyByteByByte(expected, key);
        Assert.True(
            memory.AsSpan(Guard + alignment, length).SequenceEqual(expected),
            $"length {length}, alignment {alignment}, key {key:X8}");
        AssertUntouched(memory.AsSpan(0, Guard + alignment));
        AssertUntouched(memory.AsSpan(Guard + alignment + length));
    }

    private static void AssertIntoAnother(int length, uint key)
    {
        byte[] source = Random(length);
        byte[] expected = source[..];
        Masking.ApplyByteByByte(expected, key);

        // Longer than the source: only as many bytes as the source has may be written.
        byte[] memory = new byte[Guard + length + Guard];
        memory.AsSpan().Fill(Untouched);
        Masking.Apply(source, memory.AsSpan(Guard), key);

        Assert.True(memory.AsSpan(Guard, length).SequenceEqual(expected), $"length {length}, key {key:X8}");
        Assert.True(source.AsSpan().SequenceEqual(Random(length)), $"the source changed, length {length}");
        AssertUntouched(memory.AsSpan(0, Guard));
        AssertUntouched(memory.AsSpan(Guard + length));
    }

    private static void AssertUntouched(ReadOnlySpan<byte> neighbours) =>
        Assert.Equal(-1, neighbours.IndexOfAnyExcept(Untouched));

    // The same bytes for the same length.
    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
