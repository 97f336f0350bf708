using System.Buffers;
using BenchmarkDotNet.Attributes;
using Sockeye.Protocol;

namespace Sockeye.Benchmarks;

/// <summary>Reads and writes frame headers, compared with code that follows the figure in RFC 6455 §5.2 byte by byte.</summary>
[MemoryDiagnoser]
public class HeaderBenchmarks
{
    private const uint Key = 0x3D21FA37;

    private static readonly FrameRules Rules = new(Role.Server);

    private readonly byte[] _header = new byte[FrameHeader.MaxLength];
    private readonly byte[] _written = new byte[FrameHeader.MaxLength];

    /// <summary>Payload length in bytes: one for each of the three forms of length.</summary>
    [Params(32, 1_024, 1_048_576)]
    public long PayloadLength { get; set; }

    [GlobalSetup]
    public void WriteHeader()
    {
        FrameHeader.Write(_header, fin: true, 0, Opcode.Text, Key, PayloadLength);

        Answers.MustAgree(Read() == PayloadLength && ReadByteByByte() == PayloadLength, "the payload length");
    }

    [Benchmark(Baseline = true)]
    public long ReadByteByByte()
    {
        int next = 2;
        long length = _header[1] & 0x7F;
        int lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
        if (lengthBytes != 0)
        {
            length = 0;
            for (int i = 0; i < lengthBytes; i++)
            {
                length = (length << 8) | _header[next++];
            }
        }

        uint key = 0;
        for (int i = 0; i < 4; i++)
        {
            key |= (uint)_header[next++] << (8 * i);
        }

        return key == Key ? length : -1;
    }

    [Benchmark]
    public long Read() =>
        FrameHeader.TryRead(_header, Rules, out FrameHeader header, out _, out _) == OperationStatus.Done
            ? header.PayloadLength
            : -1;

    [Benchmark]
    public int Write() => FrameHeader.Write(_written, fin: true, 0, Opcode.Text, null, PayloadLength);
}
