using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Tests;

/// <summary>
/// Parses the frames of the endpoint under test, and fails the test at the first violation of RFC 6455 §5: the endpoint's whole
/// output is always validated, whatever a case expects.
/// </summary>
/// <param name="endpointIsClient">The role of the endpoint.</param>
/// <param name="mayCompress">Whether RSV1 was negotiated, for the first frame of a message (RFC 7692 §6).</param>
internal sealed class PeerFrameReader(bool endpointIsClient, bool mayCompress = false)
{
    private byte[] _buffer = new byte[256];
    private int _start;
    private int _end;

    /// <summary>Whether bytes of an incomplete frame are buffered.</summary>
    public bool HasPartialFrame => _end > _start;

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

    public bool TryRead([NotNullWhen(true)] out PeerFrame? frame)
    {
        frame = null;
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
        {
            return false;
        }

        bool fin = (bytes[0] & 0x80) != 0;
        int opcode = bytes[0] & 0x0F;
        bool masked = (bytes[1] & 0x80) != 0;
        int length7 = bytes[1] & 0x7F;
        int lengthBytes = length7 switch { 126 => 2, 127 => 8, _ => 0 };
        int header = 2 + lengthBytes + (masked ? 4 : 0);
        if (bytes.Length < header)
        {
            return false;
        }

        ulong length = lengthBytes switch
        {
            0 => (ulong)length7,
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
        };

        int reservedBits = (bytes[0] >> 4) & 0x7;
        bool mayHaveRsv1 = mayCompress && (opcode is PeerFrame.Text or PeerFrame.Binary);
        Require(reservedBits == 0 || (mayHaveRsv1 && reservedBits == PeerFrame.Rsv1), "a reserved bit is set");
        Require(opcode is <= PeerFrame.Binary or >= PeerFrame.Close and <= PeerFrame.Pong, $"opcode {opcode:X}");
        Require(masked == endpointIsClient, masked ? "a server masks" : "a client does not mask");
        Require(lengthBytes != 2 || length > 125, "a 16-bit length that is not the shortest form");
        Require(lengthBytes != 8 || length > ushort.MaxValue, "a 64-bit length that is not the shortest form");
        Require(length <= int.MaxValue, $"a frame of {length} bytes");
        Require(opcode < PeerFrame.Close || (fin && length <= 125), "a control frame that is fragmented or too long");

        if ((ulong)bytes.Length < (ulong)header + length)
        {
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
        frame = new PeerFrame(opcode, payload)
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
