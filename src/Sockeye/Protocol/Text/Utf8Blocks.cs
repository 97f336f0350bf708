using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Unicode;

namespace Sockeye.Protocol;

// After "Validating UTF-8 In Less Than One Instruction Per Byte" (J. Keiser, D. Lemire, 2021). Whether a byte is invalid depends
// only on it and the three bytes before it, so 32 bytes are checked at once:
//
//  - Each fault of a pair of adjacent bytes has a bit below. Three tables of 16 entries give the faults that are possible with
//    the high half of the first byte, with its low half, and with the high half of the second byte. A fault that is possible
//    with all three has occurred.
//  - A continuation byte after a continuation byte is valid if, and only if, it is the third or fourth byte of a character. The
//    lead byte two or three back decides that, and the two results must agree.
//
// The runtime's own check is vectorised for ASCII only. This one checks 1 KiB of Greek, Chinese or French text in a third to a
// tenth of the time (benchmarks/results/micro.md). Without AVX2, the runtime checks the text.

/// <summary>Validates UTF-8 in blocks of 32 bytes (RFC 3629 §4).</summary>
internal static class Utf8Blocks
{
    // Faults of a byte and the one before it. Two faults share a bit where no pair of bytes can have both.
    private const byte TooShort = 1 << 0;    // a lead byte, and no continuation byte after it
    private const byte TooLong = 1 << 1;     // a continuation byte after ASCII
    private const byte Overlong3 = 1 << 2;   // E0 80 to E0 9F
    private const byte TooLarge = 1 << 3;    // F4 90 to F4 BF, and F5 to FF before 90 to BF
    private const byte Surrogate = 1 << 4;   // ED A0 to ED BF
    private const byte Overlong2 = 1 << 5;   // C0, C1
    private const byte TooLarge80 = 1 << 6;  // F5 to FF before 80 to 8F
    private const byte Overlong4 = 1 << 6;   // F0 80 to F0 8F
    private const byte TwoContinuations = 1 << 7; // valid or invalid: see above
    private const byte ByHighHalvesAlone = TooShort | TooLong | TwoContinuations;

    // The number of preceding bytes that decide whether a byte is valid.
    private const int Predecessors = 3;

    // One block and its predecessors. Below this length, the runtime is as fast.
    private static int ShortestText => Vector256<byte>.Count + Predecessors;

    private static Vector128<byte> ByHighHalfOfPredecessor => Vector128.Create(
        TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, TooLong, // ASCII
        TwoContinuations, TwoContinuations, TwoContinuations, TwoContinuations, // 80 to BF
        TooShort | Overlong2, // C0
        TooShort, // D0
        TooShort | Overlong3 | Surrogate, // E0
        TooShort | TooLarge | TooLarge80 | Overlong4); // F0

    private static Vector128<byte> ByLowHalfOfPredecessor => Vector128.Create(
        ByHighHalvesAlone | Overlong2 | Overlong3 | Overlong4, // C0, E0, F0
        ByHighHalvesAlone | Overlong2, // C1
        ByHighHalvesAlone,
        ByHighHalvesAlone,
        ByHighHalvesAlone | TooLarge, // F4
        ByHighHalvesAlone | TooLarge | TooLarge80, // F5
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80 | Surrogate, // ED
        ByHighHalvesAlone | TooLarge | TooLarge80,
        ByHighHalvesAlone | TooLarge | TooLarge80); // FF

    private static Vector128<byte> ByHighHalf => Vector128.Create(
        TooShort, TooShort, TooShort, TooShort, TooShort, TooShort, TooShort, TooShort, // ASCII
        TooLong | TwoContinuations | Overlong2 | Overlong3 | Overlong4 | TooLarge80, // 80
        TooLong | TwoContinuations | Overlong2 | Overlong3 | TooLarge, // 90
        TooLong | TwoContinuations | Overlong2 | Surrogate | TooLarge, // A0
        TooLong | TwoContinuations | Overlong2 | Surrogate | TooLarge, // B0
        TooShort, TooShort, TooShort, TooShort); // C0 to F0

    /// <summary>Whether a text is valid UTF-8.</summary>
    /// <param name="text">
    /// The text. It must start at a character, and must not end with a lead byte or inside a character.
    /// </param>
    public static bool AreValid(ReadOnlySpan<byte> text) =>
        Avx2.IsSupported && text.Length >= ShortestText ? AreBlocksValid(text) : Utf8.IsValid(text);

    // Fully optimised at once, without profile data: if a server's first messages were ASCII, the other branch would be compiled
    // as the rare one and take three times as long from then on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreBlocksValid(ReadOnlySpan<byte> text)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        nuint block = (nuint)Vector256<byte>.Count;
        nuint last = (nuint)text.Length - block;

        // SAFETY: the text is at least as long as a block and its predecessors. The first block is read without predecessors; the
        // others begin at Predecessors or later, and at `last` or earlier.
        Vector256<byte> faults = FaultsOfFirstBlock(Vector256.LoadUnsafe(ref first));
        nuint offset = block;
        for (; offset + block <= last; offset += 2 * block)
        {
            Vector256<byte> any = Vector256.LoadUnsafe(ref first, offset - Predecessors)
                | Vector256.LoadUnsafe(ref first, offset)
                | Vector256.LoadUnsafe(ref first, offset + block);
            if (!IsAscii(any))
            {
                faults |= Faults(ref first, offset) | Faults(ref first, offset + block);
            }
        }

        if (offset < last)
        {
            faults |= Faults(ref first, offset);
        }

        // The last block overlaps the one before. Checking a byte twice gives the same result.
        faults |= Faults(ref first, last);
        return faults == Vector256<byte>.Zero;
    }

    private static bool IsAscii(Vector256<byte> block) => block.ExtractMostSignificantBits() == 0;

    // Zeros, which are valid characters, take the place of the predecessors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> FaultsOfFirstBlock(Vector256<byte> block)
    {
        const byte zeroThenLowerHalf = 0x08;
        Vector256<byte> before = Avx2.Permute2x128(block, block, zeroThenLowerHalf);
        return Faults(
            block,
            Avx2.AlignRight(block, before, 15),
            Avx2.AlignRight(block, before, 14),
            Avx2.AlignRight(block, before, 13));
    }

    // Also reads the three bytes before the offset.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Faults(ref byte first, nuint offset) => Faults(
        Vector256.LoadUnsafe(ref first, offset),
        Vector256.LoadUnsafe(ref first, offset - 1),
        Vector256.LoadUnsafe(ref first, offset - 2),
        Vector256.LoadUnsafe(ref first, offset - 3));

    // Returns nonzero bytes at the positions that are invalid after the three bytes before them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Faults(
        Vector256<byte> bytes, Vector256<byte> oneBack, Vector256<byte> twoBack, Vector256<byte> threeBack)
    {
        Vector256<byte> faults = LookUp(ByHighHalfOfPredecessor, oneBack >>> 4)
            & LookUp(ByLowHalfOfPredecessor, oneBack & Vector256.Create((byte)0x0F))
            & LookUp(ByHighHalf, bytes >>> 4);

        // The top bit, which is TwoContinuations, is set from E0 on two back and from F0 on three back.
        Vector256<byte> continues =
            Avx2.SubtractSaturate(twoBack, Vector256.Create((byte)(0xE0 - TwoContinuations)))
            | Avx2.SubtractSaturate(threeBack, Vector256.Create((byte)(0xF0 - TwoContinuations)));
        return faults ^ (continues & Vector256.Create(TwoContinuations));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> LookUp(Vector128<byte> table, Vector256<byte> halves) =>
        Avx2.Shuffle(Vector256.Create(table, table), halves);
}
