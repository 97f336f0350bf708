using System.Buffers.Binary;

namespace Sockeye.Tests;

/// <summary>Bytes from the wire, in the segments in which the network delivers them.</summary>
/// <param name="Delivery">How they are cut, for the name of the test.</param>
/// <param name="Segments">The segments, in order; none is empty.</param>
/// <param name="ToServer">Whether it is a server that receives them.</param>
public sealed record Wire(string Delivery, byte[][] Segments, bool ToServer = false)
{
    private static readonly byte[] Key = [0x37, 0xFA, 0x21, 0x3D]; // that of RFC 6455 §5.7

    /// <summary>All the bytes, joined.</summary>
    public byte[] Whole => [.. Segments.SelectMany(segment => segment)];

    /// <summary>Reads hex, which may be spaced at will.</summary>
    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Every way to deliver the bytes: whole, cut in two at every place, and a byte at a time.</summary>
    public static IEnumerable<Wire> Deliveries(byte[] bytes, bool toServer = false)
    {
        yield return new Wire("whole", [bytes], toServer);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            yield return new Wire($"cut at {cut}", [bytes[..cut], bytes[cut..]], toServer);
        }

        if (bytes.Length > 2)
        {
            yield return InPieces(bytes, 1, toServer);
        }
    }

    /// <summary>The bytes in pieces of the same length.</summary>
    public static Wire InPieces(byte[] bytes, int length, bool toServer = false) =>
        new($"{length} at a time", [.. bytes.Chunk(length)], toServer);

    /// <summary>The masked frames of a client for the given unmasked frames of a server.</summary>
    /// <param name="frames">Unmasked frames; the last may be cut off, but not within its header.</param>
    public static byte[] Masked(ReadOnlySpan<byte> frames)
    {
        List<byte> masked = [];
        while (!frames.IsEmpty)
        {
            int lengthBytes = frames[1] switch { 126 => 2, 127 => 8, _ => 0 };
            ulong length = lengthBytes switch
            {
                2 => BinaryPrimitives.ReadUInt16BigEndian(frames[2..]),
                8 => BinaryPrimitives.ReadUInt64BigEndian(frames[2..]),
                _ => frames[1],
            };
            masked.AddRange([frames[0], (byte)(frames[1] | 0x80)]);
            masked.AddRange(frames.Slice(2, lengthBytes));
            masked.AddRange(Key);
            frames = frames[(2 + lengthBytes)..];

            int present = (int)Math.Min(length, (ulong)frames.Length);
            for (int i = 0; i < present; i++)
            {
                masked.Add((byte)(frames[i] ^ Key[i % 4]));
            }

            frames = frames[present..];
        }

        return [.. masked];
    }

    public override string ToString() => ToServer ? Delivery + ", masked" : Delivery;
}
