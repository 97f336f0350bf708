using System.Text;
using System.Text.Unicode;

namespace Sockeye.Protocol.Tests;

/// <summary>Blocks of 32 bytes, compared with the runtime at every position of a short, a medium and a long text.</summary>
public sealed class Utf8BlocksTests
{
    private const int LongestText = 200; // more than six blocks: each kind of block, and each kind of remainder

    [Fact]
    public void Valid_text_of_every_length_is_accepted()
    {
        foreach (string filler in new[] { "a", "é", "€", "😜" })
        {
            byte[] unit = Encoding.UTF8.GetBytes(filler);
            for (int ascii = 0; ascii <= LongestText; ascii++)
            {
                byte[] text = [.. Enumerable.Repeat((byte)'a', ascii), .. Units(unit, LongestText / unit.Length)];

                Assert.True(Utf8Validator.IsValid(text));
                Assert.True(Utf8Validator.IsValid(text.AsSpan(0, ascii)));
                Assert.True(Utf8Validator.IsValid(text.AsSpan(ascii)));
            }
        }
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("80")]
    [InlineData("C3")]
    [InlineData("C080")]
    [InlineData("E08080")]
    [InlineData("EDA080")]
    [InlineData("E282")]
    [InlineData("F0808080")]
    [InlineData("F4908080")]
    [InlineData("F5808080")]
    [InlineData("F09F98")]
    [InlineData("F88080808080")]
    public void A_fault_at_any_position_in_a_text_of_any_length_is_found(string hex)
    {
        byte[] fault = Wire.Bytes(hex);
        for (int length = fault.Length; length <= LongestText; length++)
        {
            for (int place = 0; place <= length - fault.Length; place++)
            {
                byte[] text = new byte[length];
                text.AsSpan().Fill((byte)'a');
                fault.CopyTo(text, place);

                if (Utf8Validator.IsValid(text))
                {
                    Assert.Fail($"{hex} at {place} of {length}");
                }
            }
        }
    }

    [Fact]
    public void Bytes_beside_the_text_have_no_effect()
    {
        byte[] memory = new byte[2 * LongestText];
        for (int length = 0; length <= LongestText; length++)
        {
            // Before it a lead byte that requires more, after it a continuation byte.
            memory.AsSpan().Fill(0xF0);
            memory.AsSpan(LongestText / 2).Fill(0x80);
            Span<byte> text = memory.AsSpan(LongestText / 2, length);
            text.Fill((byte)'a');
            if (length >= 2)
            {
                "é"u8.CopyTo(text[^2..]);
            }

            Assert.True(Utf8Validator.IsValid(text), $"length {length}");
        }
    }

    [Fact]
    public void A_changed_byte_anywhere_in_mixed_text_gets_the_result_of_the_runtime()
    {
        byte[] good = Encoding.UTF8.GetBytes("Sockeye 红鲑鱼, saumon né à l'été: 🐟 σολομός. 😜€é and then ASCII, plain ASCII, ");
        good = [.. good, .. good];
        int refused = 0;
        for (int place = 0; place < good.Length; place++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] text = good[..];
                text[place] = (byte)value;

                bool expected = Utf8.IsValid(text);
                if (Utf8Validator.IsValid(text) != expected)
                {
                    Assert.Fail($"{value:X2} at {place}: expected {expected}");
                }

                refused += expected ? 0 : 1;
            }
        }

        Assert.InRange(refused, good.Length * 100, good.Length * 250);
    }

    private static IEnumerable<byte> Units(byte[] unit, int count) => Enumerable.Repeat(unit, count).SelectMany(u => u);
}
