using System.Buffers;
using BenchmarkDotNet.Attributes;
using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Benchmarks;

/// <summary>
/// Deflates and inflates a message of JSON text, compared with plain zlib at the level that most libraries use.
/// docs/design/0004-permessage-deflate.md compares the levels.
/// </summary>
[MemoryDiagnoser]
public class DeflateBenchmarks
{
    private const int UsualLevel = 6;
    private const int MessageCount = 64;

    private static readonly PerMessageDeflateParameters Agreed = new(true, true, null, null);

    private readonly MessageDeflater _deflater;
    private readonly MessageInflater _inflater;
    private readonly Deflater _alone = new(new DeflateSettings(15, UsualLevel, 8, default));

    private byte[][] _messages = [];
    private byte[][] _deflated = [];
    private byte[] _room = [];
    private int _next;

    public DeflateBenchmarks()
    {
        var codecs = new MessageCodecs(PerMessageDeflateOptions.Shared);
        _deflater = new MessageDeflater(codecs, Agreed, Role.Server);
        _inflater = new MessageInflater(codecs, Agreed, Role.Server);
    }

    /// <summary>Message length in bytes: an event, a page of records.</summary>
    [Params(1_024, 16_384)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Write()
    {
        _messages = [.. Enumerable.Range(0, MessageCount).Select(seed => JsonText.Create(Length, seed))];
        _deflated = [.. _messages.Select(Deflate)];
        _room = new byte[2 * Length];
        Answers.MustAgree(Inflate() == Length, "inflated");
        Answers.MustAgree(Alone() < Length, "zlib alone");
    }

    [Benchmark(Baseline = true)]
    public int Alone()
    {
        _alone.Deflate(Next(_messages), MessagePart.EndAndReset, _room, out _, out int written);
        return written;
    }

    [Benchmark]
    public int Deflate()
    {
        _deflater.TryDeflate(Next(_messages), ArrayPool<byte>.Shared, FrameHeader.MaxLength, out ArraySegment<byte> deflated);
        ArrayPool<byte>.Shared.Return(deflated.Array!);
        return deflated.Count;
    }

    [Benchmark]
    public int Inflate()
    {
        InflatedPayload payload = default;
        payload.Append(_inflater, ArrayPool<byte>.Shared, int.MaxValue, Next(_deflated), endsMessage: true);
        int length = payload.Length;
        payload.Release(ArrayPool<byte>.Shared);
        return length;
    }

    private byte[] Next(byte[][] messages) => messages[_next++ % MessageCount];

    private byte[] Deflate(byte[] message)
    {
        _deflater.TryDeflate(message, ArrayPool<byte>.Shared, 0, out ArraySegment<byte> deflated);
        byte[] copy = [.. deflated];
        ArrayPool<byte>.Shared.Return(deflated.Array!);
        return copy;
    }
}
