using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A frame as it was found on the wire, its payload unmasked.</summary>
internal sealed record SentFrame(Opcode Opcode, bool Fin, uint? Key, byte[] Payload)
{
    /// <summary>Whether RSV1 is set: the frame begins a compressed message (RFC 7692 §6).</summary>
    public bool IsCompressed { get; init; }

    /// <summary>The payload as text.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Payload);

    /// <summary>The close code of a Close frame; <see langword="null"/> if it has none.</summary>
    public int? CloseCode => Payload.Length < 2 ? null : (Payload[0] << 8) | Payload[1];

    /// <summary>Reads frames, which must be whole, and all be masked or none of them.</summary>
    public static IReadOnlyList<SentFrame> ReadAll(ReadOnlySpan<byte> wire)
    {
        List<SentFrame> frames = [];
        while (!wire.IsEmpty)
        {
            Role receiver = (wire[1] & 0x80) != 0 ? Role.Server : Role.Client;
            OperationStatus status = FrameHeader.TryRead(
                wire, new FrameRules(receiver, FrameHeader.Rsv1), out FrameHeader header, out int consumed, out WebSocketProtocolError error);
            Assert.True(status == OperationStatus.Done, $"{status}, {error} after {frames.Count} frames");

            byte[] payload = wire.Slice(consumed, (int)header.PayloadLength).ToArray();
            for (int i = 0; i < payload.Length; i++)
            {
                payload[i] ^= (byte)(header.MaskingKey >> (i % 4 * 8));
            }

            frames.Add(new SentFrame(
                header.Opcode, header.Fin, receiver == Role.Server ? header.MaskingKey : null, payload)
            {
                IsCompressed = header.ReservedBits != 0,
            });
            wire = wire[(consumed + (int)header.PayloadLength)..];
        }

        return frames;
    }

    /// <summary>Makes a frame, as a client or a server sends it.</summary>
    public static byte[] Make(Role sender, Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, byte reservedBits = 0)
    {
        byte[] frame = new byte[FrameHeader.MaxLength + payload.Length];
        int length = FrameHeader.Write(frame, fin, reservedBits, opcode, maskingKey: null, payload.Length);
        payload.CopyTo(frame.AsSpan(length));
        Array.Resize(ref frame, length + payload.Length);
        return sender == Role.Client ? Wire.Masked(frame) : frame;
    }

    /// <summary>
    /// Says a frame in short: <c>Text 'abc'</c>, <c>Text… '4 bytes'</c>, <c>Close 1000</c>; of a compressed one only that.
    /// </summary>
    public override string ToString() => IsCompressed ? $"compressed {Opcode}{(Fin ? "" : "…")}" :
        Opcode + (Fin ? "" : "…") + (Opcode == Opcode.Close ? $" {CloseCode}" : Payload.Length > 40
            ? $" {Payload.Length} bytes"
            : $" '{Text}'");
}
