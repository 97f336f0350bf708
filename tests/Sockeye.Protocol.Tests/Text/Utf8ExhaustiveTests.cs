using System.Text;
using System.Text.Unicode;

namespace Sockeye.Protocol.Tests;

/// <summary>Every scalar value and every short string, compared with oracles that share no code with the validator.</summary>
public sealed class Utf8ExhaustiveTests
{
    private const int ScalarCount = 1_112_064; // 0x110000 code points, less 0x800 surrogates
    private const int BlockLength = 96; // a whole vector of any width, and then some

    private static readonly Lazy<Utf8Table> Table = new();

    [Fact]
    public void Every_scalar_value_split_at_every_byte_is_accepted()
    {
        Span<byte> encoded = stackalloc byte[4];
        int accepted = 0;
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.TryCreate(value, out Rune rune))
            {
                continue;
            }

            int length = rune.EncodeToUtf8(encoded);
            accepted += AcceptsAtEverySplit(encoded[..length]) ? 1 : 0;
        }

        Assert.Equal(ScalarCount, accepted);
    }

    [Fact]
    public void Every_scalar_value_in_one_text_is_accepted()
    {
        StringBuilder all = new();
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.TryCreate(value, out Rune rune))
            {
                all.Append(rune);
            }
        }

        Utf8Validator validator = default;

        Assert.True(validator.TryAppend(Encoding.UTF8.GetBytes(all.ToString())));
        Assert.True(validator.IsAtBoundary);
    }

    [Fact]
    public void Every_string_of_one_or_two_bytes_gets_the_result_of_the_table()
    {
        Assert.Equal(ScalarCount, Table.Value.ScalarCount);

        for (int first = 0; first < 256; first++)
        {
            AssertVerdict([(byte)first]);
            for (int second = 0; second < 256; second++)
            {
                AssertVerdict([(byte)first, (byte)second]);
            }
        }
    }

    [Fact]
    public void Every_string_of_three_bytes_gets_the_result_of_the_table()
    {
        _ = Table.Value;
        long wrong = 0;
        long asked = 0;

        Parallel.For(0, 256, first =>
        {
            byte[] bytes = [(byte)first, 0, 0];
            long wrongHere = 0;
            for (int rest = 0; rest <= ushort.MaxValue; rest++)
            {
                bytes[1] = (byte)(rest >> 8);
                bytes[2] = (byte)rest;
                wrongHere += HasVerdictOfTheTable(bytes) ? 0 : 1;
            }

            Interlocked.Add(ref wrong, wrongHere);
            Interlocked.Add(ref asked, ushort.MaxValue + 1);
        });

        Assert.Equal(1 << 24, asked);
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Every_string_of_three_bytes_inside_a_longer_text_gets_the_result_of_the_runtime()
    {
        long wrong = 0;

        // Only strings that start with a lead byte, since others are equivalent to shorter strings. At a position that straddles
        // vectors.
        Parallel.For(0x80, 256, first =>
        {
            byte[] block = new byte[BlockLength];
            block.AsSpan().Fill((byte)'a');
            Span<byte> place = block.AsSpan((first % 32) + 30, 3);
            place[0] = (byte)first;
            long wrongHere = 0;
            for (int rest = 0; rest <= ushort.MaxValue; rest++)
            {
                place[1] = (byte)(rest >> 8);
                place[2] = (byte)rest;
                Utf8Validator validator = default;
                wrongHere += validator.TryAppend(block) == Utf8.IsValid(block) ? 0 : 1;
            }

            Interlocked.Add(ref wrong, wrongHere);
        });

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Sequences_of_four_bytes_get_the_result_of_the_runtime()
    {
        // All second bytes, since they decide, and the edges of every range for the third and fourth.
        byte[] edges = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xF0, 0xFF];
        byte[] bytes = new byte[4];
        byte[] block = new byte[BlockLength];
        block.AsSpan().Fill((byte)'a');
        for (int lead = 0xC0; lead < 256; lead++)
        {
            int place = 29 + (lead % 4); // astride the edge of the first vector
            for (int second = 0; second < 256; second++)
            {
                foreach (byte third in edges)
                {
                    foreach (byte fourth in edges)
                    {
                        (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)lead, (byte)second, third, fourth);
                        Utf8Validator fast = default;
                        Utf8Validator slow = default;

                        bool accepted = fast.TryAppend(bytes);
                        bytes.CopyTo(block, place);
                        Utf8Validator inBlock = default;
                        if (accepted != slow.TryAppendByteByByte(bytes)
                            || (accepted && fast.IsAtBoundary) != Utf8.IsValid(bytes)
                            || inBlock.TryAppend(block) != Utf8.IsValid(block))
                        {
                            Assert.Fail(Convert.ToHexString(bytes));
                        }
                    }
                }
            }
        }
    }

    private static bool AcceptsAtEverySplit(ReadOnlySpan<byte> character)
    {
        for (int cut = 0; cut < character.Length; cut++)
        {
            Utf8Validator validator = default;
            if (!validator.TryAppend(character[..cut]) || (cut > 0 && validator.IsAtBoundary)
                || !validator.TryAppend(character[cut..]) || !validator.IsAtBoundary)
            {
                return false;
            }
        }

        return true;
    }

    private static void AssertVerdict(byte[] bytes) =>
        Assert.True(HasVerdictOfTheTable(bytes), Convert.ToHexString(bytes));

    // Whole, byte by byte, and split after the first byte; the results on each side of the split count.
    private static bool HasVerdictOfTheTable(ReadOnlySpan<byte> bytes)
    {
        bool viable = Table.Value.IsViable(bytes, out bool complete);
        Utf8Validator whole = default;
        Utf8Validator slow = default;
        Utf8Validator cut = default;

        bool firstViable = Table.Value.IsViable(bytes[..1], out _);
        bool firstAccepted = cut.TryAppend(bytes[..1]);

        return whole.TryAppend(bytes) == viable
            && slow.TryAppendByteByByte(bytes) == viable
            && firstAccepted == firstViable
            && (firstAccepted && cut.TryAppend(bytes[1..])) == viable
            && (!viable || (whole.IsAtBoundary == complete && slow.IsAtBoundary == complete))
            && (!viable || cut.IsAtBoundary == complete);
    }
}
