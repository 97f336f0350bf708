using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sockeye.Testing;

/// <summary>A frame as it was sent (RFC 6455 §5.2), with its payload unmasked.</summary>
public sealed class WebSocketTestFrame
{
    private const int LongestIn7Bits = 125;
    private const byte MaskBit = 0x80;
    private const byte Length16 = 126;
    private const byte Length64 = 127;
    private const int MaskingKeyLength = 4;

    private readonly byte _first;

    private WebSocketTestFrame(byte first, bool isMasked, byte[] payload)
    {
        _first = first;
        IsMasked = isMasked;
        Payload = payload;
    }

    /// <summary>Whether the frame is the last of its message: FIN.</summary>
    public bool IsFinal => (_first & 0x80) != 0;

    /// <summary>Whether RSV1 is set: the first frame of a compressed message (RFC 7692 §6).</summary>
    public bool IsCompressed => (_first & 0x40) != 0;

    /// <summary>The opcode: 0 continuation, 1 text, 2 binary, 8 Close, 9 ping, 10 pong (RFC 6455 §11.8).</summary>
    public int Opcode => _first & 0x0F;

    /// <summary>Whether the payload was masked on the wire, as a client must (RFC 6455 §5.3).</summary>
    public bool IsMasked { get; }

    /// <summary>The payload, unmasked; of a compressed message, compressed.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The payload as UTF-8; an invalid sequence becomes U+FFFD.</summary>
    public string GetText() => Encoding.UTF8.GetString(Payload.Span);

    /// <summary>
    /// Returns the bytes of the frame in hex, as they would be without a mask: <c>81 02 48 69</c> for the text "Hi" from a server and from a
    /// client, whose masking keys differ each time.
    /// </summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text, _first);
        int length = Payload.Length;
        if (length <= LongestIn7Bits)
        {
            Append(text, (byte)length);
        }
        else if (length <= ushort.MaxValue)
        {
            Append(text, Length16, (byte)(length >> 8), (byte)length);
        }
        else
        {
            Span<byte> extended = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(extended, length);
            Append(text, Length64);
            Append(text, extended);
        }

        Append(text, Payload.Span);
        return text.ToString();
    }

    /// <summary>Reads all whole frames. What is left over is a frame that has not been sent whole.</summary>
    internal static List<WebSocketTestFrame> ReadAll(ReadOnlySpan<byte> bytes)
    {
        List<WebSocketTestFrame> frames = [];
        while (TryRead(ref bytes) is { } frame)
        {
            frames.Add(frame);
        }

        return frames;
    }

    private static WebSocketTestFrame? TryRead(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2)
        {
            return null;
        }

        bool isMasked = (bytes[1] & MaskBit) != 0;
        int shortLength = bytes[1] & ~MaskBit;
        int extendedLength = shortLength == Length16 ? sizeof(ushort) : shortLength == Length64 ? sizeof(ulong) : 0;
        int headerLength = 2 + extendedLength + (isMasked ? MaskingKeyLength : 0);
        if (bytes.Length < headerLength)
        {
            return null;
        }

        ulong length = extendedLength switch
        {
            0 => (ulong)shortLength,
            sizeof(ushort) => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
        };
        if ((ulong)(bytes.Length - headerLength) < length)
        {
            return null;
        }

        byte[] payload = bytes.Slice(headerLength, (int)length).ToArray();
        if (isMasked)
        {
            ReadOnlySpan<byte> key = bytes.Slice(headerLength - MaskingKeyLength, MaskingKeyLength);
            for (int i = 0; i < payload.Length; i++)
            {
                payload[i] ^= key[i % MaskingKeyLength];
            }
        }

        var frame = new WebSocketTestFrame(bytes[0], isMasked, payload);
        bytes = bytes[(headerLength + (int)length)..];
        return frame;
    }

    private static void Append(StringBuilder text, params ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (text.Length > 0)
            {
                text.Append(' ');
            }

            text.Append(value.ToString("x2", CultureInfo.InvariantCulture));
        }
    }
}
