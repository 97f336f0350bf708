using System.Buffers.Binary;

namespace Sockeye.Tests;

/// <summary>
/// Puts frames on the wire as a test asks for them, from the text of RFC 6455 §5.2 and §5.3 and nothing else. Plain and slow,
/// and independent of the code under test.
/// </summary>
/// <param name="peerIsClient">Whether it writes as a client, which masks.</param>
/// <param name="seed">The seed of its masking keys.</param>
internal sealed class RawFrameWriter(bool peerIsClient, int seed)
{
    private const int KeyLength = 4;

    private readonly Random _keys = new(seed);

    /// <summary>
    /// Returns the frame's bytes; what comes before the payload has the length that <paramref name="header"/> says.
    /// </summary>
    public byte[] Write(RawFrame frame, out int header)
    {
        byte[]? key = null;
        if (peerIsClient != frame.WrongMasking)
        {
            key = frame.MaskingKey;
            if (key is null)
            {
                key = new byte[KeyLength];
                _keys.NextBytes(key);
            }
        }

        return Write(frame, key, out header);
    }

    /// <summary>Returns the frame's bytes, masked if there is a key.</summary>
    public static byte[] Write(RawFrame frame, byte[]? maskingKey, out int header)
    {
        ulong length = frame.ClaimedLength ?? (ulong)frame.Payload.Length;
        LengthForm form = frame.LengthForm != LengthForm.Minimal ? frame.LengthForm
            : length > ushort.MaxValue ? LengthForm.Extended64
            : length > 125 ? LengthForm.Extended16
            : LengthForm.Minimal;
        int lengthBytes = form switch { LengthForm.Minimal => 0, LengthForm.Extended16 => 2, _ => 8 };
        header = 2 + lengthBytes + (maskingKey?.Length ?? 0);

        byte[] wire = new byte[header + frame.Payload.Length];
        wire[0] = frame.First;
        wire[1] = (byte)(maskingKey is null ? 0 : 0x80);
        switch (form)
        {
            case LengthForm.Minimal:
                wire[1] |= (byte)length;
                break;
            case LengthForm.Extended16:
                wire[1] |= 126;
                BinaryPrimitives.WriteUInt16BigEndian(wire.AsSpan(2), (ushort)length);
                break;
            default:
                wire[1] |= 127;
                BinaryPrimitives.WriteUInt64BigEndian(wire.AsSpan(2), length);
                break;
        }

        frame.Payload.CopyTo(wire, header);
        if (maskingKey is not null)
        {
            maskingKey.CopyTo(wire, header - KeyLength);
            for (int i = 0; i < frame.Payload.Length; i++)
            {
                wire[header + i] ^= maskingKey[i % KeyLength];
            }
        }

        return wire;
    }
}
