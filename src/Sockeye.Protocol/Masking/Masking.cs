using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sockeye.Protocol;

/// <summary>XOR with a frame's masking key (RFC 6455 §5.3). The same call masks and unmasks.</summary>
internal static class Masking
{
    /// <summary>Masks <paramref name="payload"/> in place, which may be any run of a frame's payload.</summary>
    /// <param name="payload">The next bytes of the payload.</param>
    /// <param name="key">
    /// The masking key, already turned with <see cref="Rotate"/> by the bytes of this frame that earlier calls have
    /// masked; its low byte masks the first byte here.
    /// </param>
    public static void Apply(Span<byte> payload, uint key) => Apply(payload, payload, key);

    /// <summary>Masks <paramref name="source"/> into <paramref name="destination"/>: the copy and the XOR in one pass.</summary>
    /// <param name="source">The next bytes of the payload; left as they are.</param>
    /// <param name="destination">At least as long as the source, and either the same memory or apart from it.</param>
    /// <param name="key">As in <see cref="Apply(Span{byte}, uint)"/>.</param>
    public static void Apply(ReadOnlySpan<byte> source, Span<byte> destination, uint key)
    {
        // The check that makes every access below legal.
        destination = destination[..source.Length];
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        nuint length = (nuint)source.Length;
        nuint offset = 0;

        uint memoryKey = BitConverter.IsLittleEndian ? key : BinaryPrimitives.ReverseEndianness(key);

        // SAFETY: each loop runs only while a whole vector is left before `length`, which bounds both spans. All widths
        // are multiples of 4, so the key need not be turned between them.
        if (Vector512.IsHardwareAccelerated && length >= (nuint)Vector512<byte>.Count)
        {
            Vector512<byte> wide = Vector512.Create(memoryKey).AsByte();
            for (; length - offset >= (nuint)Vector512<byte>.Count; offset += (nuint)Vector512<byte>.Count)
            {
                (Vector512.LoadUnsafe(ref from, offset) ^ wide).StoreUnsafe(ref to, offset);
            }
        }

        if (Vector256.IsHardwareAccelerated && length - offset >= (nuint)Vector256<byte>.Count)
        {
            Vector256<byte> wide = Vector256.Create(memoryKey).AsByte();
            for (; length - offset >= (nuint)Vector256<byte>.Count; offset += (nuint)Vector256<byte>.Count)
            {
                (Vector256.LoadUnsafe(ref from, offset) ^ wide).StoreUnsafe(ref to, offset);
            }
        }

        if (Vector128.IsHardwareAccelerated && length - offset >= (nuint)Vector128<byte>.Count)
        {
            Vector128<byte> wide = Vector128.Create(memoryKey).AsByte();
            for (; length - offset >= (nuint)Vector128<byte>.Count; offset += (nuint)Vector128<byte>.Count)
            {
                (Vector128.LoadUnsafe(ref from, offset) ^ wide).StoreUnsafe(ref to, offset);
            }
        }

        for (; length - offset >= sizeof(uint); offset += sizeof(uint))
        {
            uint word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, offset));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, offset), word ^ memoryKey);
        }

        for (; offset < length; offset++, key >>= 8)
        {
            Unsafe.Add(ref to, offset) = (byte)(Unsafe.Add(ref from, offset) ^ key);
        }
    }

    /// <summary>Turns a key for the bytes that follow <paramref name="count"/> masked ones.</summary>
    public static uint Rotate(uint key, long count) => BitOperations.RotateRight(key, 8 * (int)(count & 3));

    /// <summary>§5.3, word for word: octet i is XORed with octet i modulo 4 of the key. The oracle in tests.</summary>
    internal static void ApplyByteByByte(Span<byte> payload, uint key)
    {
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= (byte)(key >> (8 * (i & 3)));
        }
    }
}
