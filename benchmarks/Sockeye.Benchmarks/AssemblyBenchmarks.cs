using System.Buffers;
using BenchmarkDotNet.Attributes;
using Sockeye.Protocol;

namespace Sockeye.Benchmarks;

/// <summary>
/// A server that reads binary messages: whole in one span, split in two by the network, or in sixteen fragments. The baseline is
/// the minimum of work: read the length, find the payload, unmask it.
/// </summary>
[MemoryDiagnoser]
public class AssemblyBenchmarks
{
    private const uint Key = 0x3D21FA37;
    private const int FragmentCount = 16;

    private readonly MessageReader _reader = new(new MessageReaderSettings(
        new FrameRules(Role.Server), MaxMessageLength: 1 << 24, DeliverFragments: false, ArrayPool<byte>.Shared));

    private byte[] _frame = [];
    private byte[] _fragments = [];

    /// <summary>Payload length in bytes: a chat line, an event, a picture.</summary>
    [Params(32, 1_024, 65_536)]
    public int Length { get; set; }

    [GlobalSetup]
    public void WriteFrames()
    {
        // Payloads of zeros. Unmasking in place changes them each time, which does not matter here.
        _frame = Frame(fin: true, Opcode.Binary, Length);
        _fragments =
        [
            .. Enumerable.Range(0, FragmentCount).SelectMany(i =>
                Frame(i == FragmentCount - 1, i == 0 ? Opcode.Binary : Opcode.Continuation, Length / FragmentCount)),
        ];

        Answers.MustAgree(LeastThereIsToDo() == Length, "the least");
        Answers.MustAgree(Whole() == Length, "whole");
        Answers.MustAgree(CutInTwo() == Length, "cut in two");
        Answers.MustAgree(Fragmented() == Length, "fragmented");
    }

    [Benchmark(Baseline = true)]
    public int LeastThereIsToDo()
    {
        Span<byte> source = _frame;
        int headerLength = FrameHeader.LengthOf(Length, masked: true);
        Span<byte> payload = source[headerLength..];
        Masking.Apply(payload, Key);
        return payload.Length;
    }

    [Benchmark]
    public int Whole() => Read(_frame);

    [Benchmark]
    public int CutInTwo()
    {
        Span<byte> source = _frame;
        int half = source.Length / 2;
        return Read(source[..half]) + Read(source[half..]);
    }

    [Benchmark]
    public int Fragmented() => Read(_fragments);

    private static byte[] Frame(bool fin, Opcode opcode, int length)
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        int headerLength = FrameHeader.Write(header, fin, 0, opcode, Key, length);
        return [.. header[..headerLength], .. new byte[length]];
    }

    // Returns the length of the message, or 0 if it is incomplete.
    private int Read(Span<byte> source)
    {
        ReceivedKind received = _reader.Read(source, out _, out Span<byte> payload);
        int length = payload.Length;
        _reader.ReleaseDelivered();
        return received == ReceivedKind.Message ? length : 0;
    }
}
