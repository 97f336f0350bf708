using System.Text;
using System.Text.Unicode;
using BenchmarkDotNet.Attributes;
using Sockeye.Protocol;

namespace Sockeye.Benchmarks;

/// <summary>Validates a text, whole and in pieces, compared with the byte-by-byte table and with the runtime.</summary>
[MemoryDiagnoser]
public class Utf8Benchmarks
{
    private const int PieceLength = 100;

    private byte[] _text = [];

    /// <summary>ASCII only; accented Latin letters; characters of two, three and four bytes; a mixture.</summary>
    [Params("English", "French", "Greek", "Chinese", "Emoji", "Mixed")]
    public string Script { get; set; } = "";

    /// <summary>Text length in bytes: a chat line, an event, a document.</summary>
    [Params(32, 1_024, 65_536)]
    public int Length { get; set; }

    [GlobalSetup]
    public void WriteText()
    {
        string sample = Script switch
        {
            "English" => "The sockeye returns to the stream in which it was born. ",
            "French" => "Le saumon rouge revient à la rivière où il est né, en été. ",
            "Greek" => "Ο σολομός επιστρέφει στο ποτάμι όπου γεννήθηκε. ",
            "Chinese" => "红鲑鱼回到它出生的河流在那里产卵然后死去",
            "Emoji" => "🐟🌊🏔🐻🎣🍣",
            _ => "Sockeye 红鲑鱼, saumon né à l'été: 🐟 σολομός. ",
        };

        // As many whole characters as fit, then ASCII for the remaining bytes, at least one.
        byte[] unit = Encoding.UTF8.GetBytes(sample);
        List<byte> text = [];
        foreach (Rune rune in Enumerable.Repeat(sample, (Length / unit.Length) + 1).SelectMany(s => s.EnumerateRunes()))
        {
            if (text.Count + rune.Utf8SequenceLength < Length)
            {
                text.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
            }
        }

        text.AddRange(Enumerable.Repeat((byte)'.', Length - text.Count));
        _text = [.. text];
        Answers.MustAgree(_text.Length == Length && Runtime() && ByteByByte() && Whole() && InPieces(), "a good text");

        _text[^1] = 0xFF;
        Answers.MustAgree(!Runtime() && !ByteByByte() && !Whole() && !InPieces(), "a bad text");

        _text[^1] = (byte)'.';
    }

    [Benchmark(Baseline = true)]
    public bool ByteByByte()
    {
        Utf8Validator validator = default;
        return validator.TryAppendByteByByte(_text) && validator.IsAtBoundary;
    }

    [Benchmark]
    public bool Runtime() => Utf8.IsValid(_text);

    [Benchmark]
    public bool Whole()
    {
        Utf8Validator validator = default;
        return validator.TryAppend(_text) && validator.IsAtBoundary;
    }

    [Benchmark]
    public bool InPieces()
    {
        Utf8Validator validator = default;
        ReadOnlySpan<byte> rest = _text;
        while (!rest.IsEmpty)
        {
            int length = Math.Min(PieceLength, rest.Length);
            if (!validator.TryAppend(rest[..length]))
            {
                return false;
            }

            rest = rest[length..];
        }

        return validator.IsAtBoundary;
    }
}
