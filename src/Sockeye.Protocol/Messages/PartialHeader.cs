using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sockeye.Protocol;

/// <summary>The first bytes of a frame header whose rest has not arrived yet.</summary>
internal struct PartialHeader
{
    private HeaderBytes _bytes;

    /// <summary>How many bytes of the header are here; 0 when a frame is not split within its header.</summary>
    public byte Length { get; private set; }

    /// <summary>What is here.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes)[..Length];

    /// <summary>What the frame carries; <see langword="null"/> while less than the two fixed bytes are here.</summary>
    public readonly Opcode? Opcode => Length < 2 ? null : (Opcode)(_bytes[0] & 0xF);

    /// <summary>Adds as much of <paramref name="source"/> as a header can have.</summary>
    /// <returns>How many bytes were taken.</returns>
    public int Append(ReadOnlySpan<byte> source)
    {
        int taken = Math.Min(source.Length, FrameHeader.MaxLength - Length);
        source[..taken].CopyTo(((Span<byte>)_bytes)[Length..]);
        Length += (byte)taken;
        return taken;
    }

    /// <summary>Forgets the bytes: the header is complete.</summary>
    public void Clear() => Length = 0;

    [InlineArray(FrameHeader.MaxLength)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
