namespace Sockeye.Tests;

/// <summary>
/// Compresses messages as RFC 1951 and RFC 7692 §7.2.1 put it, with repetitions from a window of any length and the fixed
/// codes: what zlib cannot, and no other tool at hand can, is a window of 256 bytes.
/// </summary>
/// <param name="windowBits">The base-2 logarithm of the window, 8 to 15.</param>
public sealed class SmallWindowDeflater(int windowBits)
{
    private const int MinMatchLength = 3;
    private const int MaxMatchLength = 258;
    private const int EndOfBlock = 256;

    private static readonly int[] LengthBases =
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static readonly int[] DistanceBases =
    [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
        8193, 12289, 16385, 24577,
    ];

    private readonly int _windowLength = 1 << windowBits;
    private readonly Dictionary<int, int> _lastPlaces = [];
    private readonly List<byte> _history = [];
    private readonly List<byte> _output = [];
    private int _bits;
    private int _bitCount;

    /// <summary>Compresses a whole message, which may refer to those before it.</summary>
    public byte[] Deflate(ReadOnlySpan<byte> message)
    {
        int next = _history.Count;
        _history.AddRange(message);
        Put(0b010, 3);
        while (next < _history.Count)
        {
            next += PutNext(next);
        }

        // The end of the block, and the head of the empty one whose tail is cut off.
        PutSymbol(EndOfBlock);
        Put(0, 3);
        Put(0, (8 - _bitCount) % 8);
        byte[] deflated = [.. _output];
        _output.Clear();
        return deflated;
    }

    private int PutNext(int place)
    {
        int length = 1;
        if (place + MinMatchLength <= _history.Count)
        {
            int start = (_history[place] << 16) | (_history[place + 1] << 8) | _history[place + 2];
            if (_lastPlaces.TryGetValue(start, out int earlier) && place - earlier <= _windowLength)
            {
                length = MatchLength(earlier, place);
                PutMatch(length, place - earlier);
            }

            _lastPlaces[start] = place;
        }

        if (length == 1)
        {
            PutSymbol(_history[place]);
        }

        return length;
    }

    private int MatchLength(int earlier, int place)
    {
        int length = MinMatchLength;
        while (length < MaxMatchLength && place + length < _history.Count
            && _history[earlier + length] == _history[place + length])
        {
            length++;
        }

        return length;
    }

    private void PutMatch(int length, int distance)
    {
        int symbol = Array.FindLastIndex(LengthBases, start => start <= length);
        PutSymbol(257 + symbol);
        Put(length - LengthBases[symbol], symbol is < 4 or 28 ? 0 : (symbol / 4) - 1);
        symbol = Array.FindLastIndex(DistanceBases, start => start <= distance);
        PutCode(symbol, 5);
        Put(distance - DistanceBases[symbol], Math.Max(0, (symbol / 2) - 1));
    }

    // RFC 1951 §3.2.6.
    private void PutSymbol(int symbol)
    {
        switch (symbol)
        {
            case < 144:
                PutCode(0b00110000 + symbol, 8);
                break;
            case < 256:
                PutCode(0b110010000 + symbol - 144, 9);
                break;
            case < 280:
                PutCode(symbol - 256, 7);
                break;
            default:
                PutCode(0b11000000 + symbol - 280, 8);
                break;
        }
    }

    // Codes begin with their most significant bit, numbers with their least (RFC 1951 §3.1.1).
    private void PutCode(int code, int length)
    {
        for (int bit = length - 1; bit >= 0; bit--)
        {
            Put((code >> bit) & 1, 1);
        }
    }

    private void Put(int value, int count)
    {
        _bits |= value << _bitCount;
        _bitCount += count;
        while (_bitCount >= 8)
        {
            _output.Add((byte)_bits);
            _bits >>= 8;
            _bitCount -= 8;
        }
    }
}
