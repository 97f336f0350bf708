namespace Sockeye.Tests;

/// <summary>
/// Inflates a message as RFC 1951 and RFC 7692 §7.2.2 put it, bit by bit and without regard to speed: what zlib is held to.
/// </summary>
internal sealed class ReferenceInflater
{
    private static readonly int[] LengthBases =
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static readonly int[] LengthExtraBits =
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

    private static readonly int[] DistanceBases =
    [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
        8193, 12289, 16385, 24577,
    ];

    private static readonly int[] CodeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private static readonly (Code Lengths, Code Distances) Fixed = (
        new Code([.. Enumerable.Range(0, 288).Select(n => n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)], isLengths: false),
        new Code([.. Enumerable.Repeat(5, 32)], isLengths: false));

    private readonly byte[] _payload;
    private readonly List<byte> _output = [];
    private int _position; // in bits
    private int _streamStart; // in the output: nothing before it can be referred to

    private ReferenceInflater(byte[] payload) => _payload = payload;

    /// <summary>Inflates a message with an empty window.</summary>
    /// <returns>The message; <see langword="null"/> if it is invalid.</returns>
    public static byte[]? Inflate(byte[] payload)
    {
        var inflater = new ReferenceInflater(payload);
        try
        {
            inflater.ReadStreams();
            return [.. inflater._output];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private bool IsAtEnd => _position == _payload.Length * 8;

    private void ReadStreams()
    {
        while (!IsAtEnd)
        {
            _streamStart = _output.Count;
            bool isLast = false;
            while (!isLast)
            {
                isLast = Bits(1) == 1;
                int type = Bits(2);
                if (type == 0)
                {
                    Align();

                    // What a sender cuts off are the lengths of an empty stored block.
                    if (IsAtEnd)
                    {
                        return;
                    }

                    ReadStored();
                }
                else
                {
                    ReadCompressed(type);
                }
            }

            Align();
        }
    }

    private void ReadStored()
    {
        int length = Bits(16);
        Check(length == (~Bits(16) & 0xFFFF));
        for (int count = 0; count < length; count++)
        {
            _output.Add((byte)Bits(8));
        }
    }

    private void ReadCompressed(int type)
    {
        Check(type != 3);
        (Code lengthCode, Code distanceCode) = type == 1 ? Fixed : ReadCodes();
        for (int symbol = Decode(lengthCode); symbol != 256; symbol = Decode(lengthCode))
        {
            if (symbol < 256)
            {
                _output.Add((byte)symbol);
                continue;
            }

            Check(symbol <= 285);
            int length = LengthBases[symbol - 257] + Bits(LengthExtraBits[symbol - 257]);
            int distanceSymbol = Decode(distanceCode);
            Check(distanceSymbol < 30);
            int distance = DistanceBases[distanceSymbol] + Bits(Math.Max(0, (distanceSymbol / 2) - 1));
            Check(distance <= _output.Count - _streamStart);
            for (int count = 0; count < length; count++)
            {
                _output.Add(_output[^distance]);
            }
        }
    }

    private (Code Lengths, Code Distances) ReadCodes()
    {
        int lengthCount = Bits(5) + 257;
        int distanceCount = Bits(5) + 1;
        int codeCount = Bits(4) + 4;
        Check(lengthCount <= 286 && distanceCount <= 30);
        int[] codeLengths = new int[19];
        for (int index = 0; index < codeCount; index++)
        {
            codeLengths[CodeLengthOrder[index]] = Bits(3);
        }

        var code = new Code(codeLengths, isLengths: true);
        List<int> all = [];
        while (all.Count < lengthCount + distanceCount)
        {
            int symbol = Decode(code);
            if (symbol < 16)
            {
                all.Add(symbol);
                continue;
            }

            Check(symbol != 16 || all.Count > 0);
            int repeated = symbol == 16 ? all[^1] : 0;
            int count = symbol switch { 16 => 3 + Bits(2), 17 => 3 + Bits(3), _ => 11 + Bits(7) };
            all.AddRange(Enumerable.Repeat(repeated, count));
        }

        // The last repetition must not go too far, and without an end a block cannot end.
        Check(all.Count == lengthCount + distanceCount && all[256] != 0);
        return (
            new Code([.. all.Take(lengthCount)], isLengths: false),
            new Code([.. all.Skip(lengthCount)], isLengths: false));
    }

    private int Decode(Code code)
    {
        int value = 0;
        for (int length = 1; length <= 15; length++)
        {
            value = (value << 1) | Bits(1);
            if (code.Symbols.TryGetValue((length, value), out int symbol))
            {
                return symbol;
            }
        }

        throw new InvalidDataException();
    }

    private int Bits(int count)
    {
        int value = 0;
        for (int bit = 0; bit < count; bit++)
        {
            Check(!IsAtEnd);
            value |= ((_payload[_position >> 3] >> (_position & 7)) & 1) << bit;
            _position++;
        }

        return value;
    }

    private void Align() => _position = (_position + 7) & ~7;

    private static void Check(bool isValid)
    {
        if (!isValid)
        {
            throw new InvalidDataException();
        }
    }

    /// <summary>A Huffman code, made of the lengths of its symbols (RFC 1951 §3.2.2).</summary>
    private sealed class Code
    {
        public Code(int[] lengths, bool isLengths)
        {
            int value = 0;
            int left = 1;
            for (int length = 1; length <= 15; length++)
            {
                value <<= 1;
                left <<= 1;
                for (int symbol = 0; symbol < lengths.Length; symbol++)
                {
                    if (lengths[symbol] == length)
                    {
                        Symbols[(length, value++)] = symbol;
                        left--;
                    }
                }

                Check(left >= 0);
            }

            // zlib takes an incomplete code only if it is one symbol of one bit, or none at all; not for the code of the
            // lengths, nor one without symbols there.
            bool isComplete = left == 0;
            Check(isComplete || lengths.All(length => length == 0) || (!isLengths && lengths.All(length => length <= 1)));
        }

        public Dictionary<(int Length, int Value), int> Symbols { get; } = [];
    }
}
