using System.Numerics;

namespace Sockeye.Protocol;

/// <summary>
/// Checks UTF-8 that arrives in pieces, and refuses at the first byte that cannot be part of any valid text
/// (RFC 6455 §8.1, RFC 3629 §4). The default value is at the beginning of a text.
/// </summary>
internal struct Utf8Validator
{
    // What may come next inside a character, packed so that an idle connection carries 4 bytes: how many continuation
    // bytes are still due, and the range that the very next byte must lie in (RFC 3629 §4 narrows it after E0, ED, F0
    // and F4, which is what excludes overlong forms, surrogates and what lies above U+10FFFF).
    private byte _due;
    private byte _low;
    private byte _high;

    /// <summary>Whether what has been checked ends between two characters.</summary>
    public readonly bool IsAtBoundary => _due == 0;

    /// <summary>Checks the next bytes.</summary>
    /// <param name="bytes">What follows the bytes of earlier calls.</param>
    /// <returns>
    /// <see langword="false"/> if no continuation can make the text valid; the validator is then of no further use.
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

        // The bulk is checked in blocks, which wants whole characters: leave off an unfinished one at the end, and walk
        // through that byte by byte.
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

    /// <summary>Checks a whole text.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text) =>
        UnfinishedTailLength(text) == 0 && Utf8Blocks.AreValid(text);

    /// <summary>The oracle in tests: the same answer, a byte at a time, from the table of RFC 3629 §4.</summary>
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

    // How many bytes at the end belong to a character whose lead byte says that more are due: 0 to 3. Bytes that say so
    // and never lead (C0, F5 and the like) are among them.
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
