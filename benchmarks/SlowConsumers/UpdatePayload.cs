using System.Buffers.Binary;

namespace Sockeye.Benchmarks;

/// <summary>An update: the key, its number, and when it was made. As long as a short price in JSON.</summary>
internal static class UpdatePayload
{
    public const int Length = 60;

    public static void Write(Span<byte> payload, int key, long number, long timestamp)
    {
        BinaryPrimitives.WriteInt32LittleEndian(payload, key);
        BinaryPrimitives.WriteInt64LittleEndian(payload[4..], number);
        BinaryPrimitives.WriteInt64LittleEndian(payload[12..], timestamp);
    }

    public static (int Key, long Number, long Timestamp) Read(ReadOnlySpan<byte> payload) => (
        BinaryPrimitives.ReadInt32LittleEndian(payload),
        BinaryPrimitives.ReadInt64LittleEndian(payload[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(payload[12..]));
}
