using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Tests;

/// <summary>
/// Takes the frames out of what the endpoint under test sends, and fails the test at the first that breaks a rule of
/// RFC 6455 §5. Plain and slow, and independent of the code under test.
/// </summary>
/// <param name="endpointIsClient">Whether the endpoint is a client, whose frames are masked.</param>
/// <param name="mayCompress">Whether RSV1 was agreed on, for the first frame of a message (RFC 7692 §6).</param>
internal sealed class RawFrameReader(bool endpointIsClient, bool mayCompress = false)
{
    private const int ShortestLength = 2;

    private byte[] _buffer = new byte[256];
    private int _start;
    private int _end;

    /// <summary>Whether bytes of an incomplete frame are buffered.</summary>
    public bool HasPartialFrame => _end > _start;

    /// <summary>
    /// How many more bytes the next step needs at least: the length of the next frame, as far as it is known.
    /// </summary>
    public int MissingLength { get; private set; } = ShortestLength;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_buffer.Length - _end < bytes.Length)
        {
            byte[] larger = new byte[Math.Max(2 * (_end - _start), _end - _start + bytes.Length)];
            _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
            (_buffer, _start, _end) = (larger, 0, _end - _start);
        }

        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    public bool TryRead([NotNullWhen(true)] out RawFrame? frame)
    {
        frame = null;
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < ShortestLength)
        {
            MissingLength = ShortestLength - bytes.Length;
            return false;
        }

        bool fin = (bytes[0] & 0x80) != 0;
        var opcode = (RawOpcode)(bytes[0] & 0x0F);
        bool masked = (bytes[1] & 0x80) != 0;
        int length7 = bytes[1] & 0x7F;
        int lengthBytes = length7 switch { 126 => 2, 127 => 8, _ => 0 };
        int header = 2 + lengthBytes + (masked ? 4 : 0);
        if (bytes.Length < header)
        {
            MissingLength = header - bytes.Length;
            return false;
        }

        ulong length = lengthBytes switch
        {
            0 => (ulong)length7,
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
        };

        int reservedBits = (bytes[0] >> 4) & 0x7;
        bool mayHaveRsv1 = mayCompress && (opcode is RawOpcode.Text or RawOpcode.Binary);
        Require(reservedBits == 0 || (mayHaveRsv1 && reservedBits == RawFrame.Rsv1), "a reserved bit is set");
        Require(opcode is <= RawOpcode.Binary or >= RawOpcode.Close and <= RawOpcode.Pong, $"opcode {(int)opcode:X}");
        Require(masked == endpointIsClient, masked ? "a server masks" : "a client does not mask");
        Require(lengthBytes != 2 || length > 125, "a 16-bit length that is not the shortest form");
        Require(lengthBytes != 8 || length > ushort.MaxValue, "a 64-bit length that is not the shortest form");
        Require(length <= int.MaxValue, $"a frame of {length} bytes");
        Require(opcode < RawOpcode.Close || (fin && length <= 125), "a control frame that is fragmented or too long");

        if ((ulong)bytes.Length < (ulong)header + length)
        {
            MissingLength = header + (int)length - bytes.Length;
            return false;
        }

        byte[] payload = bytes.Slice(header, (int)length).ToArray();
        if (masked)
        {
            for (int i = 0; i < payload.Length; i++)
            {
                payload[i] ^= bytes[header - 4 + (i & 3)];
            }
        }

        _start += header + (int)length;
        MissingLength = ShortestLength;
        frame = new RawFrame(opcode, payload)
        {
            Fin = fin,
            ReservedBits = reservedBits,
            MaskingKey = masked ? bytes.Slice(header - 4, 4).ToArray() : null,
        };
        return true;
    }

    private static void Require(bool condition, string otherwise) =>
        Assert.True(condition, $"The endpoint sent an illegal frame: {otherwise}.");
}
