using System.Buffers.Binary;
using System.IO.Compression;

namespace Sockeye.Benchmarks;

/// <summary>Messages, and the compressed frames in which a client sends them (RFC 7692 §7.2.1), prepared in advance.</summary>
/// <remarks>The first message refers to no earlier one, so that it may follow the last even with context takeover.</remarks>
internal sealed class DeflatedMessages
{
    // The minimum number of bytes of text, and the maximum number of messages.
    private const int TextLength = 8 << 20;
    private const int MaxCount = 1_000;

    private const int TailLength = 4;

    // FIN, RSV1, opcode 1 (RFC 6455 §5.2).
    private const byte CompressedText = 0xC1;
    private const byte MaskBit = 0x80;
    private static readonly byte[] MaskingKey = [0x5A, 0xC3, 0x17, 0x8E];

    private readonly byte[][] _frames;

    public DeflatedMessages(int length, bool hasContextTakeover)
    {
        Texts = [.. Enumerable.Range(0, Math.Clamp(TextLength / length, 8, MaxCount)).Select(seed => JsonText.Create(length, seed))];
        var output = new MemoryStream();
        var deflater = new DeflateStream(output, CompressionLevel.Optimal);
        _frames = new byte[Texts.Length][];
        for (int i = 0; i < Texts.Length; i++)
        {
            if (!hasContextTakeover)
            {
                deflater = new DeflateStream(output, CompressionLevel.Optimal);
            }

            output.SetLength(0);
            deflater.Write(Texts[i]);
            deflater.Flush();
            _frames[i] = Frame(output.GetBuffer().AsSpan(0, (int)output.Length - TailLength));
        }
    }

    public byte[][] Texts { get; }

    /// <summary>Returns the frame of a message; the first follows the last.</summary>
    public ReadOnlyMemory<byte> FrameAt(long index) => _frames[index % _frames.Length];

    private static byte[] Frame(ReadOnlySpan<byte> payload)
    {
        int lengthBytes = payload.Length switch { < 126 => 0, <= ushort.MaxValue => 2, _ => 8 };
        byte[] frame = new byte[2 + lengthBytes + MaskingKey.Length + payload.Length];
        frame[0] = CompressedText;
        switch (lengthBytes)
        {
            case 0:
                frame[1] = (byte)(MaskBit | payload.Length);
                break;
            case 2:
                frame[1] = MaskBit | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
                break;
            default:
                frame[1] = MaskBit | 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)payload.Length);
                break;
        }

        MaskingKey.CopyTo(frame, 2 + lengthBytes);
        Span<byte> masked = frame.AsSpan(2 + lengthBytes + MaskingKey.Length);
        for (int i = 0; i < payload.Length; i++)
        {
            masked[i] = (byte)(payload[i] ^ MaskingKey[i % MaskingKey.Length]);
        }

        return frame;
    }
}
