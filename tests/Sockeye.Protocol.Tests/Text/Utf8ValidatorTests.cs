using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class Utf8ValidatorTests
{
    // RFC 3629 §3 and §4, by kind of fault. Each is rejected at its last byte, not before, not after.
    public static TheoryData<string, string> Invalid => new()
    {
        { "a byte that begins nothing", "FE" },
        { "a byte that begins nothing", "FF" },
        { "a continuation byte alone", "80" },
        { "a continuation byte alone", "BF" },
        { "a continuation byte too many", "C3A9 80" },
        { "a continuation byte too many", "E282AC 80" },
        { "a continuation byte too many", "F09F989C 80" },
        { "a continuation byte missing", "C3 41" },
        { "a continuation byte missing", "E282 41" },
        { "a continuation byte missing", "F09F98 41" },
        { "a character inside another", "E2 C3" },
        { "a character inside another", "F09F F0" },
        { "overlong, of two bytes", "C0" },
        { "overlong, of two bytes", "C1" },
        { "overlong, of three bytes", "E080" },
        { "overlong, of three bytes", "E09F" },
        { "overlong, of four bytes", "F080" },
        { "overlong, of four bytes", "F08F" },
        { "the first surrogate, D800", "EDA0" },
        { "the last surrogate, DFFF", "EDBF" },
        { "above U+10FFFF", "F490" },
        { "above U+10FFFF", "F4BF" },
        { "above U+10FFFF", "F5" },
        { "above U+10FFFF", "F7" },
        { "a lead byte of five", "F8" },
        { "a lead byte of six", "FC" },
    };

    // The five lines of a well-known library's checklist, by name.

    [Theory]
    [InlineData("FF")]
    [InlineData("CEBAE1BDB9CF83CEBCCEB5 80 656469746564")] // "κόσμε", then a stray continuation byte
    public void Invalid_bytes_are_rejected(string hex) => Assert.False(IsValid(Wire.Bytes(hex)));

    [Theory]
    [InlineData("C080")]
    [InlineData("C0AF")]
    [InlineData("C1BF")]
    [InlineData("E08080")]
    [InlineData("E09FBF")]
    [InlineData("F0808080")]
    [InlineData("F08FBFBF")]
    public void Overlong_encodings_are_rejected(string hex) => Assert.False(IsValid(Wire.Bytes(hex)));

    [Theory]
    [InlineData("EDA080")]
    [InlineData("EDAFBF")]
    [InlineData("EDB080")]
    [InlineData("EDBFBF")]
    [InlineData("EDA081EDB080")] // a pair, encoded half by half
    public void Surrogates_are_rejected(string hex) => Assert.False(IsValid(Wire.Bytes(hex)));

    [Theory]
    [InlineData("F4908080")]
    [InlineData("F7BFBFBF")]
    [InlineData("F888808080")]
    [InlineData("FC8480808080")]
    public void Code_points_above_10FFFF_are_rejected(string hex) => Assert.False(IsValid(Wire.Bytes(hex)));

    [Theory]
    [InlineData("Sockeye 🐟 κόσμε 赤鮭 нерка سلمون ปลาแซลมอน 𐍈 \uFEFF \uFFFD \uFFFF \U0010FFFF \0")]
    [InlineData("")]
    public void A_sample_of_many_scripts_is_accepted(string text) => Assert.True(IsValid(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [MemberData(nameof(Invalid))]
    public void The_first_byte_that_cannot_continue_is_rejected_at_once(string what, string hex)
    {
        byte[] bytes = Wire.Bytes(hex);
        Utf8Validator whole = default;
        Utf8Validator beforeTheLast = default;

        Assert.True(beforeTheLast.TryAppend(bytes.AsSpan(..^1)), what);
        Assert.False(beforeTheLast.TryAppend(bytes.AsSpan(^1..)), what);
        Assert.False(whole.TryAppend(bytes), what);
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_error_is_found_anywhere_in_a_long_text(string what, string hex)
    {
        byte[] fault = Wire.Bytes(hex);

        foreach (string filler in new[] { "a", "é", "€", "😜", "aé€😜" })
        {
            byte[] unit = Encoding.UTF8.GetBytes(filler);
            for (int before = 0; before <= 140; before++)
            {
                // The fault at every offset from a vector's edge, with short and long text after it, and at the very end.
                foreach (int after in new[] { 0, 1, 70 })
                {
                    byte[] text = [.. Repeat(unit, before), .. fault, .. Repeat(unit, after)];
                    Utf8Validator validator = default;

                    Assert.False(validator.TryAppend(text), $"{what}: {before} × {filler}, then {hex}, then {after}");
                }
            }
        }
    }

    [Theory]
    [InlineData("C3A9")]
    [InlineData("DFBF")]
    [InlineData("E0A080")]
    [InlineData("E282AC")]
    [InlineData("ED9FBF")] // the last before the surrogates
    [InlineData("EE8080")] // the first after them
    [InlineData("EFBFBF")]
    [InlineData("F0908080")]
    [InlineData("F48FBFBF")] // U+10FFFF
    public void A_truncated_character_does_not_end_at_a_boundary(string hex)
    {
        byte[] character = Wire.Bytes(hex);
        for (int before = 0; before <= 140; before++)
        {
            for (int length = 0; length <= character.Length; length++)
            {
                Utf8Validator validator = default;
                byte[] text = [.. Repeat("a"u8, before), .. character[..length]];

                Assert.True(validator.TryAppend(text));
                Assert.Equal(length % character.Length == 0, validator.IsAtBoundary);
                Assert.True(validator.TryAppend(character.AsSpan(length % character.Length)));
            }
        }
    }

    [Fact]
    public void Random_texts_in_pieces_get_the_result_of_the_whole()
    {
        Random random = new(3629);
        int refused = 0;
        for (int round = 0; round < 10_000; round++)
        {
            byte[] text = RandomText(random);
            Utf8Validator whole = default;
            Utf8Validator slow = default;
            Utf8Validator pieces = default;

            bool expected = slow.TryAppendByteByByte(text);
            Assert.Equal(expected, whole.TryAppend(text));
            Assert.Equal(expected, AppendInPieces(ref pieces, text, random));
            if (expected)
            {
                Assert.Equal(slow.IsAtBoundary, whole.IsAtBoundary);
                Assert.Equal(slow.IsAtBoundary, pieces.IsAtBoundary);
            }

            refused += expected ? 0 : 1;
        }

        // Both results must have occurred.
        Assert.InRange(refused, 2_500, 7_500);
    }

    [Fact]
    public void Empty_pieces_have_no_effect()
    {
        Utf8Validator validator = default;

        Assert.True(validator.TryAppend([]));
        Assert.True(validator.IsAtBoundary);
        Assert.True(validator.TryAppend([0xE2, 0x82]));
        Assert.True(validator.TryAppend([]));
        Assert.False(validator.IsAtBoundary);
        Assert.True(validator.TryAppend([0xAC]));
        Assert.True(validator.IsAtBoundary);
    }

    private static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        Utf8Validator fast = default;
        Utf8Validator slow = default;
        bool valid = fast.TryAppend(bytes) && fast.IsAtBoundary;

        Assert.Equal(valid, slow.TryAppendByteByByte(bytes) && slow.IsAtBoundary);
        return valid;
    }

    private static bool AppendInPieces(ref Utf8Validator validator, ReadOnlySpan<byte> text, Random random)
    {
        while (!text.IsEmpty)
        {
            int length = random.Next(0, Math.Min(text.Length, random.Next(2) == 0 ? 4 : 90) + 1);
            if (!validator.TryAppend(text[..length]))
            {
                return false;
            }

            text = text[length..];
        }

        return true;
    }

    private static byte[] RandomText(Random random)
    {
        StringBuilder builder = new();
        int count = random.Next(0, 120);
        for (int i = 0; i < count; i++)
        {
            int limit = random.Next(4) switch { 0 => 0x80, 1 => 0x800, 2 => 0x10000, _ => 0x110000 };
            int value = random.Next(limit);
            builder.Append(Rune.TryCreate(value, out Rune rune) ? rune : new Rune('a'));
        }

        byte[] text = Encoding.UTF8.GetBytes(builder.ToString());
        if (text.Length > 0 && random.Next(2) == 0)
        {
            text[random.Next(text.Length)] = (byte)random.Next(256);
        }

        return text[..(text.Length - Math.Min(text.Length, random.Next(3)))];
    }

    private static byte[] Repeat(ReadOnlySpan<byte> unit, int count)
    {
        byte[] bytes = new byte[unit.Length * count];
        for (int i = 0; i < count; i++)
        {
            unit.CopyTo(bytes.AsSpan(i * unit.Length));
        }

        return bytes;
    }
}
