using System.Buffers.Binary;
using System.Text;

namespace Sockeye.Tests;

/// <summary>How the length of a frame is written: in the shortest form, or in a longer one.</summary>
internal enum LengthForm
{
    Minimal,
    Extended16,
    Extended64,
}

/// <summary>
/// A frame as a test sends or finds it, legal or not, its payload unmasked. Made from the text of RFC 6455 §5.2 and nothing
/// else: it is what the code under test is compared with.
/// </summary>
internal sealed record RawFrame(RawOpcode Opcode, byte[] Payload)
{
    // The first bytes of frames that are whole messages.
    public const byte Text = 0x81;
    public const byte Binary = 0x82;
    public const byte Close = 0x88;
    public const byte Ping = 0x89;
    public const byte Pong = 0x8A;

    /// <summary>The reserved bit that marks the first frame of a compressed message (RFC 7692 §6).</summary>
    public const int Rsv1 = 4;

    private const int ShownLength = 40;

    public bool Fin { get; init; } = true;

    /// <summary>RSV1 is 4, RSV2 is 2, RSV3 is 1.</summary>
    public int ReservedBits { get; init; }

    public LengthForm LengthForm { get; init; }

    /// <summary>The length that the header claims, where it is not that of the payload.</summary>
    public ulong? ClaimedLength { get; init; }

    /// <summary>Whether a <see cref="RawFrameWriter"/> masks it as a server, or leaves it unmasked as a client.</summary>
    public bool WrongMasking { get; init; }

    /// <summary>The four bytes of the masking key; <see langword="null"/> for a random one, or if a frame found was unmasked.</summary>
    public byte[]? MaskingKey { get; init; }

    /// <summary>The first byte: FIN, the reserved bits and the opcode.</summary>
    public byte First => (byte)((Fin ? 0x80 : 0) | (ReservedBits << 4) | (int)Opcode);

    public bool IsControl => Opcode >= RawOpcode.Close;

    public bool IsMasked => MaskingKey is not null;

    public bool IsCompressed => ReservedBits == Rsv1;

    /// <summary>The masking key as a number.</summary>
    public uint? Key => MaskingKey is null ? null : BinaryPrimitives.ReadUInt32BigEndian(MaskingKey);

    public string PayloadText => Encoding.UTF8.GetString(Payload);

    /// <summary>The close code of a Close frame; <see langword="null"/> if it has none.</summary>
    public int? CloseCode => Payload.Length < 2 ? null : BinaryPrimitives.ReadUInt16BigEndian(Payload);

    /// <summary>Returns the bytes of an unmasked frame.</summary>
    public static byte[] Bytes(byte first, params ReadOnlySpan<byte> payload) =>
        RawFrameWriter.Write(
            new RawFrame((RawOpcode)(first & 0x0F), payload.ToArray())
            {
                Fin = (first & 0x80) != 0,
                ReservedBits = (first >> 4) & 0x7,
            },
            maskingKey: null,
            out _);

    /// <summary>Reads frames, which must be whole and legal, and either all masked or all unmasked.</summary>
    public static IReadOnlyList<RawFrame> ReadAll(ReadOnlySpan<byte> wire)
    {
        List<RawFrame> frames = [];
        var reader = new RawFrameReader(endpointIsClient: wire.Length > 1 && (wire[1] & 0x80) != 0, mayCompress: true);
        reader.Append(wire);
        while (reader.TryRead(out RawFrame? frame))
        {
            frames.Add(frame);
        }

        Assert.False(reader.HasPartialFrame, $"The wire ends inside a frame, after {frames.Count} whole ones.");
        return frames;
    }

    /// <summary>
    /// Describes a frame: <c>Text 'abc'</c>, <c>Text… '4 bytes'</c>, <c>Close 1000</c>; of a compressed one only its kind.
    /// </summary>
    public override string ToString()
    {
        string kind = Opcode + (Fin ? "" : "…");
        return IsCompressed ? "compressed " + kind
            : Opcode == RawOpcode.Close ? $"{kind} {CloseCode}"
            : Payload.Length > ShownLength ? $"{kind} {Payload.Length} bytes"
            : $"{kind} '{PayloadText}'";
    }
}
