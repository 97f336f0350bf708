using BenchmarkDotNet.Attributes;
using Sockeye.Protocol;

namespace Sockeye.Benchmarks;

/// <summary>Masks one payload, compared with the byte-by-byte loop of RFC 6455 §5.3.</summary>
[MemoryDiagnoser]
public class MaskingBenchmarks
{
    private const uint Key = 0x3D21FA37;
    private byte[] _payload = [];
    private byte[] _destination = [];

    /// <summary>
    /// Payload length in bytes: a cursor position, a chat line, one byte less than whole vectors, a control frame, an
    /// event, a TLS record, a large binary message.
    /// </summary>
    [Params(5, 32, 63, 125, 1_024, 16_384, 1_048_576)]
    public int Length { get; set; }

    [GlobalSetup]
    public void FillPayload()
    {
        _payload = new byte[Length];
        _destination = new byte[Length];
        new Random(6455).NextBytes(_payload);

        byte[] expected = _payload[..];
        byte[] actual = _payload[..];
        Masking.ApplyByteByByte(expected, Key);
        Masking.Apply(actual, Key);
        Masking.Apply(_payload, _destination, Key);
        Answers.MustAgree(expected.AsSpan().SequenceEqual(actual), "in place");
        Answers.MustAgree(expected.AsSpan().SequenceEqual(_destination), "into another");
    }

    [Benchmark(Baseline = true)]
    public void ByteByByte() => Masking.ApplyByteByByte(_payload, Key);

    [Benchmark]
    public void InPlace() => Masking.Apply(_payload, Key);

    [Benchmark]
    public void IntoAnother() => Masking.Apply(_payload, _destination, Key);
}
