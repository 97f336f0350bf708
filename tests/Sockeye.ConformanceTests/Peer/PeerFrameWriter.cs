using System.Buffers.Binary;

namespace Sockeye.Tests;

/// <summary>Writes the test peer's frames, from the text of RFC 6455 §5.2 and §5.3 only.</summary>
internal sealed class PeerFrameWriter(bool peerIsClient, int seed)
{
    private const int KeyLength = 4;

    private readonly Random _keys = new(seed);

    /// <summary>
    /// Returns the frame's bytes; <paramref name="header"/> receives the length of the part before the payload.
    /// </summary>
    public byte[] Write(PeerFrame frame, out int header)
    {
        bool masked = peerIsClient != frame.WrongMasking;
        ulong length = frame.ClaimedLength ?? (ulong)frame.Payload.Length;
        LengthForm form = frame.LengthForm != LengthForm.Minimal ? frame.LengthForm
            : length > ushort.MaxValue ? LengthForm.Extended64
            : length > 125 ? LengthForm.Extended16
            : LengthForm.Minimal;
        int lengthBytes = form switch { LengthForm.Minimal => 0, LengthForm.Extended16 => 2, _ => 8 };
        header = 2 + lengthBytes + (masked ? KeyLength : 0);

        byte[] wire = new byte[header + frame.Payload.Length];
        wire[0] = (byte)((frame.Fin ? 0x80 : 0) | (frame.ReservedBits << 4) | frame.Opcode);
        wire[1] = (byte)(masked ? 0x80 : 0);
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
        if (masked)
        {
            Span<byte> key = wire.AsSpan(header - KeyLength, KeyLength);
            if (frame.MaskingKey is null)
            {
                _keys.NextBytes(key);
            }
            else
            {
                frame.MaskingKey.CopyTo(key);
            }

            for (int i = 0; i < frame.Payload.Length; i++)
            {
                wire[header + i] ^= key[i % KeyLength];
            }
        }

        return wire;
    }
}
