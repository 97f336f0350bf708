using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sockeye.Protocol;

/// <summary>Applies a frame's masking key by XOR (RFC 6455 §5.3). The same call masks and unmasks.</summary>
internal static class Masking
{
    /// <summary>Masks <paramref name="payload"/>, any part of a frame's payload, in place.</summary>
    /// <param name="payload">The next bytes of the payload.</param>
    /// <param name="key">
    /// The masking key, rotated with <see cref="Rotate"/> by the number of bytes of this frame that earlier calls have masked.
    /// Its low byte masks the first byte here.
    /// </param>
    public static void Apply(Span<byte> payload, uint key) => Apply(payload, payload, key);

    /// <summary>Masks <paramref name="source"/> into <paramref name="destination"/>, copying in the same pass.</summary>
    /// <param name="source">The next bytes of the payload; not changed.</param>
    /// <param name="destination">At least as long as the source. Either the same memory or not overlapping it.</param>
    /// <param name="key">The rotated masking key, as in <see cref="Apply(Span{byte}, uint)"/>.</param>
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> destination, uint key)
    {
        // This check bounds every access below.
        destination = destination[..source.Length];
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        nuint length = (nuint)source.Length;
        if (length < (nuint)Vector128<byte>.Count)
        {
            ApplyShort(ref from, ref to, length, key);
            return;
        }

        // The remainder after whole vectors is masked by a vector that overlaps the one before it. When masking in place, it must
        // be read before that one is written. Measured against words and bytes at the end: 63 bytes in half the time.
        nuint last = length - (nuint)Vector128<byte>.Count;
        bool isRagged = length % (nuint)Vector128<byte>.Count != 0;
        Vector128<byte> end = isRagged
            ? Vector128.LoadUnsafe(ref from, last) ^ Vector128.Create(InMemory(Rotate(key, (long)last))).AsByte()
            : default;

        // SAFETY: each loop runs only while as much as it reads and writes is left before `length`, which bounds both spans. All
        // widths are multiples of 4, so the key need not be rotated between them.
        uint memoryKey = InMemory(key);
        nuint offset = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<byte> wide = Vector512.Create(memoryKey).AsByte();
            for (; length - offset >= (nuint)Vector512<byte>.Count; offset += (nuint)Vector512<byte>.Count)
            {
                (Vector512.LoadUnsafe(ref from, offset) ^ wide).StoreUnsafe(ref to, offset);
            }
        }

        if (Vector256.IsHardwareAccelerated)
        {
            nuint count = (nuint)Vector256<byte>.Count;
            Vector256<byte> wide = Vector256.Create(memoryKey).AsByte();

            // Two vectors per iteration: 1 KiB in two thirds of the time.
            for (; length - offset >= 2 * count; offset += 2 * count)
            {
                Vector256<byte> first = Vector256.LoadUnsafe(ref from, offset) ^ wide;
                Vector256<byte> second = Vector256.LoadUnsafe(ref from, offset + count) ^ wide;
                first.StoreUnsafe(ref to, offset);
                second.StoreUnsafe(ref to, offset + count);
            }

            if (length - offset >= count)
            {
                (Vector256.LoadUnsafe(ref from, offset) ^ wide).StoreUnsafe(ref to, offset);
                offset += count;
            }
        }

        Vector128<byte> narrow = Vector128.Create(memoryKey).AsByte();
        for (; length - offset >= (nuint)Vector128<byte>.Count; offset += (nuint)Vector128<byte>.Count)
        {
            (Vector128.LoadUnsafe(ref from, offset) ^ narrow).StoreUnsafe(ref to, offset);
        }

        if (isRagged)
        {
            end.StoreUnsafe(ref to, last);
        }
    }

    /// <summary>Rotates a key for the bytes that follow <paramref name="count"/> masked ones.</summary>
    public static uint Rotate(uint key, long count) => BitOperations.RotateRight(key, 8 * (int)(count & 3));

    /// <summary>
    /// Implements RFC 6455 §5.3 literally: octet i is XORed with octet i modulo 4 of the key. The oracle for tests.
    /// </summary>
    internal static void ApplyByteByByte(Span<byte> payload, uint key)
    {
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= (byte)(key >> (8 * (i & 3)));
        }
    }

    // For less than a vector. From four bytes on, two overlapping words cover the span, both read before either is written.
    private static void ApplyShort(ref byte from, ref byte to, nuint length, uint key)
    {
        // SAFETY: both words lie within `length`, and the loop over single bytes stops at it.
        if (length >= sizeof(ulong))
        {
            nuint last = length - sizeof(ulong);
            ulong begin = Unsafe.ReadUnaligned<ulong>(ref from);
            ulong end = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, last));
            Unsafe.WriteUnaligned(ref to, begin ^ Twice(InMemory(key)));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, last), end ^ Twice(InMemory(Rotate(key, (long)last))));
        }
        else if (length >= sizeof(uint))
        {
            nuint last = length - sizeof(uint);
            uint begin = Unsafe.ReadUnaligned<uint>(ref from);
            uint end = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, last));
            Unsafe.WriteUnaligned(ref to, begin ^ InMemory(key));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, last), end ^ InMemory(Rotate(key, (long)last)));
        }
        else
        {
            for (nuint i = 0; i < length; i++, key >>= 8)
            {
                Unsafe.Add(ref to, i) = (byte)(Unsafe.Add(ref from, i) ^ key);
            }
        }
    }

    // Returns the key as a word whose first byte in memory is the key's low byte.
    private static uint InMemory(uint key) => BitConverter.IsLittleEndian ? key : BinaryPrimitives.ReverseEndianness(key);

    private static ulong Twice(uint word) => word | ((ulong)word << 32);
}
