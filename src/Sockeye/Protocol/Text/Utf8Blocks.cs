using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Unicode;

namespace Sockeye.Protocol;

// After "Validating UTF-8 In Less Than One Instruction Per Byte" (J. Keiser, D. Lemire, 2021). Whether a byte is wrong
// depends on it and the three before it alone, so 32 of them are judged at once:
//
//  - Each fault of a byte and its predecessor has a bit below. Three tables of 16 say which faults are possible with the
//    high half of the predecessor, with its low half, and with the high half of the byte; a fault is one that is
//    possible with all three.
//  - A continuation byte after a continuation byte is right if, and only if, it is the third byte of a character or the
//    fourth: the lead byte two or three back says so, and the two verdicts must agree.
//
// The runtime's own check is vectorised for ASCII alone. Text of 1 KiB in Greek, Chinese or French is checked here in a
// third to a tenth of the time (benchmarks/results/micro.md); where there is no AVX2, the runtime checks it.

/// <summary>Checks UTF-8 in blocks of 32 bytes (RFC 3629 §4).</summary>
internal static class Utf8Blocks
{
    // Faults of a byte and the one before it. Two of them may share a bit where no pair of bytes can have both.
    private const byte TooShort = 1 << 0;    // a lead byte, and no continuation byte after it
    private const byte TooLong = 1 << 1;     // a continuation byte after ASCII
    private const byte Overlong3 = 1 << 2;   // E0 80 to E0 9F
    private const byte TooLarge = 1 << 3;    // F4 90 to F4 BF, and F5 to FF before 90 to BF
    private const byte Surrogate = 1 << 4;   // ED A0 to ED BF
    private const byte Overlong2 = 1 << 5;   // C0, C1
    private const byte TooLarge80 = 1 << 6;  // F5 to FF before 80 to 8F
    private const byte Overlong4 = 1 << 6;   // F0 80 to F0 8F
    private const byte TwoContinuations = 1 << 7; // right or wrong: see above
    private const byte ByHighHalvesAlone = TooShort | TooLong | TwoContinuations;

    // How many bytes before a byte have a say.
    private const int Predecessors = 3;

    // From a block and its predecessors on; what is shorter is checked as fast by the runtime.
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

    /// <summary>Whether a text is valid.</summary>
    /// <param name="text">Begins at a character, and does not end in the middle of one nor with a lead byte.</param>
    public static bool AreValid(ReadOnlySpan<byte> text) =>
        Avx2.IsSupported && text.Length >= ShortestText ? AreBlocksValid(text) : Utf8.IsValid(text);

    // Optimised at once, and not by what it saw first: a server that begins with ASCII would have the other branch
    // compiled as the rare one, and take three times as long for it ever after.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreBlocksValid(ReadOnlySpan<byte> text)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        nuint block = (nuint)Vector256<byte>.Count;
        nuint last = (nuint)text.Length - block;

        // SAFETY: the text is longer than a block and its predecessors. The first block is read without them, the others
        // begin at Predecessors at the earliest and at `last` at the latest.
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

        // The last block overlaps the one before. Verdicts on a byte do not change by being given twice.
        faults |= Faults(ref first, last);
        return faults == Vector256<byte>.Zero;
    }

    private static bool IsAscii(Vector256<byte> block) => block.ExtractMostSignificantBits() == 0;

    // Zeros, which are characters, take the places of the predecessors.
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

    // Three bytes before the offset are read as well.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Faults(ref byte first, nuint offset) => Faults(
        Vector256.LoadUnsafe(ref first, offset),
        Vector256.LoadUnsafe(ref first, offset - 1),
        Vector256.LoadUnsafe(ref first, offset - 2),
        Vector256.LoadUnsafe(ref first, offset - 3));

    // Not zero where a byte is wrong after the three before it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Faults(
        Vector256<byte> bytes, Vector256<byte> oneBack, Vector256<byte> twoBack, Vector256<byte> threeBack)
    {
        Vector256<byte> faults = LookUp(ByHighHalfOfPredecessor, oneBack >>> 4)
            & LookUp(ByLowHalfOfPredecessor, oneBack & Vector256.Create((byte)0x0F))
            & LookUp(ByHighHalf, bytes >>> 4);

        // The top bit is set, like TwoContinuations, from E0 on two back and from F0 on three back.
        Vector256<byte> continues =
            Avx2.SubtractSaturate(twoBack, Vector256.Create((byte)(0xE0 - TwoContinuations)))
            | Avx2.SubtractSaturate(threeBack, Vector256.Create((byte)(0xF0 - TwoContinuations)));
        return faults ^ (continues & Vector256.Create(TwoContinuations));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> LookUp(Vector128<byte> table, Vector256<byte> halves) =>
        Avx2.Shuffle(Vector256.Create(table, table), halves);
}
