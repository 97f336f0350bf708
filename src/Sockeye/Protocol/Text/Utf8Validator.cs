using System.Numerics;

namespace Sockeye.Protocol;

/// <summary>
/// Validates UTF-8 that arrives in pieces, and detects the first byte that cannot be part of any valid text (RFC 6455 §8.1, RFC
/// 3629 §4). The default value is at the start of a text.
/// </summary>
internal struct Utf8Validator
{
    // What may come next inside a character, packed into three bytes because every connection keeps them: the number of
    // continuation bytes that are due, and the range of the next byte. RFC 3629 §4 narrows that range after E0, ED, F0 and F4,
    // which excludes overlong forms, surrogates and code points above U+10FFFF.
    private byte _due;
    private byte _low;
    private byte _high;

    /// <summary>Whether the text so far ends at a character boundary.</summary>
    public readonly bool IsAtBoundary => _due == 0;

    /// <summary>Validates the next bytes.</summary>
    /// <param name="bytes">The bytes that follow those of earlier calls.</param>
    /// <returns>
    /// <see langword="false"/> if no further bytes can make the text valid; the validator must not be used any more.
    /// </returns>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        int index = 0;
        while (_due != 0)
        {
            if (index == bytes.Length)
            {
                return true;
            }

            if (!TryContinue(bytes[index++]))
            {
                return false;
            }
        }

        bytes = bytes[index..];

        // Most of the text is checked in blocks, which must consist of whole characters. An incomplete character at the end is
        // checked byte by byte.
        int unfinished = UnfinishedTailLength(bytes);
        if (!IsValid(bytes[..^unfinished]))
        {
            return false;
        }

        foreach (byte value in bytes[^unfinished..])
        {
            if (!(_due == 0 ? TryBegin(value) : TryContinue(value)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a whole text is valid.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text) =>
        UnfinishedTailLength(text) == 0 && Utf8Blocks.AreValid(text);

    /// <summary>The oracle for tests: gives the same result byte by byte, from the table of RFC 3629 §4.</summary>
    internal bool TryAppendByteByByte(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (!(_due == 0 ? TryBegin(value) : TryContinue(value)))
            {
                return false;
            }
        }

        return true;
    }

    // Returns how many bytes at the end belong to a character whose lead byte announces more: 0 to 3. Invalid lead bytes (C0, F5
    // and so on) count too.
    private static int UnfinishedTailLength(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= 3 && back <= bytes.Length; back++)
        {
            byte value = bytes[^back];
            if (value < 0x80)
            {
                return 0;
            }

            if (value >= 0xC0)
            {
                int length = BitOperations.LeadingZeroCount(~((uint)value << 24));
                return length > back ? back : 0;
            }
        }

        return 0;
    }

    private bool TryBegin(byte lead)
    {
        (_due, _low, _high) = lead switch
        {
            <= 0x7F => ((byte)0, (byte)0, (byte)0),
            >= 0xC2 and <= 0xDF => ((byte)1, (byte)0x80, (byte)0xBF),
            0xE0 => ((byte)2, (byte)0xA0, (byte)0xBF),
            0xED => ((byte)2, (byte)0x80, (byte)0x9F),
            >= 0xE1 and <= 0xEF => ((byte)2, (byte)0x80, (byte)0xBF),
            0xF0 => ((byte)3, (byte)0x90, (byte)0xBF),
            >= 0xF1 and <= 0xF3 => ((byte)3, (byte)0x80, (byte)0xBF),
            0xF4 => ((byte)3, (byte)0x80, (byte)0x8F),
            _ => ((byte)0xFF, (byte)0, (byte)0),
        };
        return _due != 0xFF;
    }

    private bool TryContinue(byte value)
    {
        if (value < _low || value > _high)
        {
            return false;
        }

        _due--;
        _low = 0x80;
        _high = 0xBF;
        return true;
    }
}
