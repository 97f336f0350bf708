using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Benchmarks;

/// <summary>
/// A server connection that receives masked messages, without system calls or threads: the cost of a message from the receive
/// buffer to the application. Figures are per message.
/// </summary>
[MemoryDiagnoser]
public class ReceiveBenchmarks
{
    private const uint Key = 0x3D21FA37;
    private const int PerRead = 16;

    private readonly CountingHandler _counting = new();
    private byte[] _one = [];
    private byte[] _many = [];
    private byte[] _cut = [];
    private ITransportSink _handled = null!;
    private ITransportSink _echoed = null!;
    private ITransportSink _pulled = null!;
    private int _pulledCount;

    /// <summary>Payload length in bytes.</summary>
    [Params(32, 1_024)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Open()
    {
        // Binary payloads of zeros. Unmasking in place changes them each time, which does not matter here.
        _one = Frame();
        _many = [.. Enumerable.Repeat(_one, PerRead).SelectMany(frame => frame)];
        _cut = _one[..^1];
        _handled = Open(_counting).Core.Transport.Sink;
        _echoed = Open(new EchoingHandler()).Core.Transport.Sink;
        WebSocketConnection pulled = Open(handler: null);
        _pulled = pulled.Core.Transport.Sink;
        _ = PullAsync(pulled);

        Sixteen();
        CutInTwo();
        Answers.MustAgree(_counting.Count == PerRead + 1, "handled");
        Pull();
        Answers.MustAgree(_pulledCount == 1, "pulled");
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = PerRead)]
    public void Sixteen() => _handled.OnReceived(_many);

    [Benchmark]
    public void One() => _handled.OnReceived(_one);

    [Benchmark]
    public void CutInTwo()
    {
        _handled.OnReceived(_cut);
        _handled.OnReceived(_one.AsSpan(_cut.Length));
    }

    [Benchmark(OperationsPerInvoke = PerRead)]
    public void SixteenEchoed() => _echoed.OnReceived(_many);

    [Benchmark]
    public void Pull() => _pulled.OnReceived(_one);

    private static WebSocketConnection Open(WebSocketHandler? handler)
    {
        var settings = new ConnectionSettings(
            Role.Server,
            new WebSocketConnectionOptions { RunReceiveContinuationsInline = true },
            DeadlineWheel.For(TimeProvider.System),
            NullLogger.Instance);
        var connection = new WebSocketConnection(new GreedyTransport(), settings, handler);
        connection.Core.Start();
        return connection;
    }

    private async Task PullAsync(WebSocketConnection connection)
    {
        while (await connection.ReceiveAsync() is { } message)
        {
            _pulledCount += message.Payload.Length == Length ? 1 : 0;
        }
    }

    private byte[] Frame()
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        int headerLength = FrameHeader.Write(header, fin: true, reservedBits: 0, Opcode.Binary, Key, Length);
        return [.. header[..headerLength], .. new byte[Length]];
    }

    private sealed class CountingHandler : WebSocketHandler
    {
        public int Count { get; private set; }

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) => Count++;
    }

    private sealed class EchoingHandler : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);
    }
}
