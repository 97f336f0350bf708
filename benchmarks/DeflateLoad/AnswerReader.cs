using System.Buffers.Binary;

namespace Sockeye.Benchmarks;

/// <summary>Finds the ends of a server's messages in its bytes (RFC 6455 §5.2).</summary>
internal sealed class AnswerReader
{
    private const int MaxHeaderLength = 10;
    private const byte Fin = 0x80;
    private const byte Rsv1 = 0x40;
    private const byte FirstControlOpcode = 0x08;
    private const byte CloseOpcode = 0x08;

    private readonly byte[] _header = new byte[MaxHeaderLength];
    private int _headerLength;
    private long _payloadLeft;
    private bool _isCompressed;

    /// <summary>
    /// Receives the payloads of data frames, if set; the flags say whether the message is compressed, and whether it ends.
    /// </summary>
    public Action<ReadOnlyMemory<byte>, bool, bool>? Payload { get; set; }

    /// <summary>Reads the next bytes.</summary>
    /// <returns>The number of messages that ended in these bytes.</returns>
    public int Read(ReadOnlyMemory<byte> bytes)
    {
        int messages = 0;
        while (!bytes.IsEmpty)
        {
            if (_payloadLeft == 0)
            {
                _header[_headerLength++] = bytes.Span[0];
                bytes = bytes[1..];
                if (_headerLength < HeaderLength())
                {
                    continue;
                }

                BeginFrame();
            }

            int length = (int)Math.Min(_payloadLeft, bytes.Length);
            _payloadLeft -= length;
            bool isData = (_header[0] & 0x0F) < FirstControlOpcode;
            bool endsMessage = isData && _payloadLeft == 0 && (_header[0] & Fin) != 0;
            if (isData)
            {
                Payload?.Invoke(bytes[..length], _isCompressed, endsMessage);
            }

            messages += endsMessage ? 1 : 0;
            bytes = bytes[length..];
        }

        return messages;
    }

    private int HeaderLength() => _headerLength < 2 ? 2 : (_header[1] & 0x7F) switch { 126 => 4, 127 => 10, _ => 2 };

    private void BeginFrame()
    {
        _payloadLeft = _headerLength switch
        {
            2 => _header[1],
            4 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            _ => (long)BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)),
        };
        _headerLength = 0;
        int opcode = _header[0] & 0x0F;
        if (opcode == CloseOpcode)
        {
            throw new InvalidDataException("The server sent a Close frame.");
        }

        if (opcode is > 0 and < FirstControlOpcode)
        {
            _isCompressed = (_header[0] & Rsv1) != 0;
        }
    }
}
