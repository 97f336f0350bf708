using System.Buffers.Binary;

namespace Sockeye.Tests;

/// <summary>A frame as it came over the wire, unmasked.</summary>
/// <param name="First">FIN, the reserved bits and the opcode.</param>
/// <param name="IsMasked">Whether it was masked.</param>
/// <param name="Payload">The payload.</param>
internal sealed record RawFrame(byte First, bool IsMasked, byte[] Payload)
{
    public const byte Text = 0x81;
    public const byte Binary = 0x82;
    public const byte Close = 0x88;
    public const byte Ping = 0x89;
    public const byte Pong = 0x8A;

    public string PayloadText => System.Text.Encoding.UTF8.GetString(Payload);

    /// <summary>The close code of a Close frame.</summary>
    public int CloseCode => BinaryPrimitives.ReadUInt16BigEndian(Payload);

    /// <summary>The bytes of an unmasked frame.</summary>
    public static byte[] Bytes(byte first, params ReadOnlySpan<byte> payload)
    {
        byte[] length = payload.Length switch
        {
            < 126 => [(byte)payload.Length],
            <= ushort.MaxValue => [126, (byte)(payload.Length >> 8), (byte)payload.Length],
            _ => [127, 0, 0, 0, 0, .. BigEndian(payload.Length)],
        };
        return [first, .. length, .. payload];
    }

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
