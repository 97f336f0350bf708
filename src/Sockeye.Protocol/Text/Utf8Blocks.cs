using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;
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
// fifth to a tenth of the time (benchmarks/results/micro.md); where there is no AVX2, the runtime checks it.

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

    private static int BlockLength => Vector256<byte>.Count;

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
    public static bool AreValid(ReadOnlySpan<byte> text)
    {
        if (!Avx2.IsSupported)
        {
            return Utf8.IsValid(text);
        }

        return text.Length <= 2 * BlockLength ? IsShortTextValid(text) : IsLongTextValid(text);
    }

    private static bool IsShortTextValid(ReadOnlySpan<byte> text)
    {
        // Most short texts are: a name, a command, a line of JSON.
        if (Ascii.IsValid(text))
        {
            return true;
        }

        // Zeros, which are characters, before and after: nothing is read that is not there.
        Span<byte> padded = stackalloc byte[Predecessors + (2 * BlockLength)];
        text.CopyTo(padded[Predecessors..]);
        ref byte first = ref padded[Predecessors];

        // SAFETY: two blocks and their predecessors lie within the padded copy.
        Vector256<byte> faults = Faults(ref first, 0);
        if (text.Length > BlockLength)
        {
            faults |= Faults(ref first, (nuint)BlockLength);
        }

        return faults == Vector256<byte>.Zero;
    }

    private static bool IsLongTextValid(ReadOnlySpan<byte> text)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        nuint block = (nuint)BlockLength;
        nuint last = (nuint)text.Length - block;

        // SAFETY: blocks are read from one block on, so that predecessors are there, and begin at `last` at the latest.
        Vector256<byte> faults = FaultsOfFirstBlock(text);
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

    private static Vector256<byte> FaultsOfFirstBlock(ReadOnlySpan<byte> text)
    {
        Vector256<byte> block = Vector256.Create(text);
        if (IsAscii(block))
        {
            return Vector256<byte>.Zero;
        }

        Span<byte> padded = stackalloc byte[Predecessors + BlockLength];
        block.CopyTo(padded[Predecessors..]);
        return Faults(ref padded[Predecessors], 0);
    }

    private static bool IsAscii(Vector256<byte> block) => block.ExtractMostSignificantBits() == 0;

    // Not zero where the block at the offset has a fault. Three bytes before it are read as well.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Faults(ref byte first, nuint offset)
    {
        ref byte block = ref Unsafe.Add(ref first, offset);
        Vector256<byte> bytes = Vector256.LoadUnsafe(ref block);
        Vector256<byte> oneBack = Vector256.LoadUnsafe(ref Unsafe.Subtract(ref block, 1));
        Vector256<byte> twoBack = Vector256.LoadUnsafe(ref Unsafe.Subtract(ref block, 2));
        Vector256<byte> threeBack = Vector256.LoadUnsafe(ref Unsafe.Subtract(ref block, 3));

        Vector256<byte> faults = LookUp(ByHighHalfOfPredecessor, oneBack >>> 4)
            & LookUp(ByLowHalfOfPredecessor, oneBack & Vector256.Create((byte)0x0F))
            & LookUp(ByHighHalf, bytes >>> 4);

        // The top bit is set, like TwoContinuations, from E0 on two back and from F0 on three back.
        Vector256<byte> continues =
            Avx2.SubtractSaturate(twoBack, Vector256.Create((byte)(0xE0 - TwoContinuations)))
            | Avx2.SubtractSaturate(threeBack, Vector256.Create((byte)(0xF0 - TwoContinuations)));
        return faults ^ (continues & Vector256.Create(TwoContinuations));
    }

    private static Vector256<byte> LookUp(Vector128<byte> table, Vector256<byte> halves) =>
        Avx2.Shuffle(Vector256.Create(table, table), halves);
}
