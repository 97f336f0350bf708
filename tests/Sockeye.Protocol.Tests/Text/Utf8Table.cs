using System.Collections;
using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>
/// An oracle that contains no rule of UTF-8: it stores the encoding of every scalar value, as <see cref="Rune"/> writes it, and
/// looks strings up.
/// </summary>
internal sealed class Utf8Table
{
    private const int MaxEncodedLength = 4;

    // Indexed by the bytes as a big-endian number: the encodings of each length, and the starts of longer ones.
    private readonly BitArray[] _whole = [new(1 << 8), new(1 << 16), new(1 << 24)];
    private readonly BitArray[] _begun = [new(1 << 8), new(1 << 16), new(1 << 24)];

    public Utf8Table()
    {
        Span<byte> encoded = stackalloc byte[MaxEncodedLength];
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.TryCreate(value, out Rune rune))
            {
                continue;
            }

            ScalarCount++;
            int length = rune.EncodeToUtf8(encoded);
            for (int prefix = 1; prefix < length; prefix++)
            {
                _begun[prefix - 1][Number(encoded[..prefix])] = true;
            }

            if (length < MaxEncodedLength)
            {
                _whole[length - 1][Number(encoded[..length])] = true;
            }
        }
    }

    /// <summary>The number of scalar values.</summary>
    public int ScalarCount { get; }

    /// <summary>Looks up a string of up to three bytes.</summary>
    /// <param name="bytes">The string.</param>
    /// <param name="complete">Whether it is valid as it is.</param>
    /// <returns>Whether it is valid, or could become so with further bytes.</returns>
    public bool IsViable(ReadOnlySpan<byte> bytes, out bool complete)
    {
        complete = bytes.IsEmpty;
        if (complete)
        {
            return true;
        }

        for (int length = 1; length <= bytes.Length; length++)
        {
            if (_whole[length - 1][Number(bytes[..length])])
            {
                return IsViable(bytes[length..], out complete);
            }
        }

        return _begun[bytes.Length - 1][Number(bytes)];
    }

    private static int Number(ReadOnlySpan<byte> bytes)
    {
        int number = 0;
        foreach (byte value in bytes)
        {
            number = (number << 8) | value;
        }

        return number;
    }
}
