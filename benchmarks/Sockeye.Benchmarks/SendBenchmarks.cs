using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Benchmarks;

/// <summary>
/// A server that sends over a transport which accepts everything: replies to the messages of one read, and one message to many
/// connections. The baseline is the minimum of work: a header, a copy, and a call of the transport.
/// </summary>
[MemoryDiagnoser]
public class SendBenchmarks
{
    private const int BatchCount = 16;
    private const int ConnectionCount = 1_000;

    private static readonly ConnectionSettings ServerSettings = SettingsOf(Role.Server);
    private static readonly ConnectionSettings ClientSettings = SettingsOf(Role.Client);

    private readonly GreedyTransport _transport = new();
    private readonly byte[] _destination = new byte[16 * 1024];
    private readonly SendQueue _sends;
    private readonly SendQueue _client;
    private readonly SendQueue[] _all;
    private byte[] _payload = [];

    public SendBenchmarks()
    {
        _sends = Make(ServerSettings);
        _client = Make(ClientSettings);
        _all = [.. Enumerable.Range(0, ConnectionCount).Select(_ => Make(ServerSettings))];
    }

    /// <summary>Payload length in bytes.</summary>
    [Params(32, 1_024)]
    public int Length { get; set; }

    [GlobalSetup]
    public void MakePayload()
    {
        _payload = new byte[Length];
        long frameLength = FrameHeader.LengthOf(Length, masked: false) + Length;

        Answers.MustAgree(Written(() => LeastThereIsToDo()) == frameLength, "the least");
        Answers.MustAgree(Written(() => OneReply()) == frameLength, "one reply");
        Answers.MustAgree(Written(() => SixteenReplies()) == BatchCount * frameLength, "sixteen replies");
        Answers.MustAgree(Written(() => Broadcast()) == ConnectionCount * frameLength, "to all");
    }

    [Benchmark(Baseline = true)]
    public int LeastThereIsToDo()
    {
        Span<byte> destination = _destination;
        int headerLength = FrameHeader.Write(destination, fin: true, 0, Opcode.Binary, null, _payload.Length);
        _payload.CopyTo(destination[headerLength..]);
        return _transport.TryWrite(destination[..(headerLength + _payload.Length)]);
    }

    [Benchmark]
    public WebSocketSendResult OneReply()
    {
        _sends.Cork();
        WebSocketSendResult result = _sends.TrySend(Opcode.Binary, _payload);
        _sends.Uncork();
        return result;
    }

    [Benchmark(OperationsPerInvoke = BatchCount)]
    public WebSocketSendResult SixteenReplies()
    {
        WebSocketSendResult result = default;
        _sends.Cork();
        for (int i = 0; i < BatchCount; i++)
        {
            result = _sends.TrySend(Opcode.Binary, _payload);
        }

        _sends.Uncork();
        return result;
    }

    [Benchmark]
    public WebSocketSendResult OneMessage() => _sends.TrySend(Opcode.Binary, _payload);

    [Benchmark(OperationsPerInvoke = ConnectionCount)]
    public WebSocketSendResult Broadcast()
    {
        WebSocketSendResult result = default;
        foreach (SendQueue sends in _all)
        {
            result = sends.TrySend(Opcode.Binary, _payload);
        }

        return result;
    }

    [Benchmark]
    public WebSocketSendResult OneMaskedMessage() => _client.TrySend(Opcode.Binary, _payload);

    [Benchmark]
    public bool OneAwaitedMessage() => _sends.SendAsync(
        new OutgoingFrame(Opcode.Binary, _payload), default).AsTask().IsCompletedSuccessfully;

    private static ConnectionSettings SettingsOf(Role role) => new(
        role, new WebSocketConnectionOptions(), DeadlineWheel.For(TimeProvider.System), NullLogger.Instance);

    private SendQueue Make(ConnectionSettings settings) => new(settings, _transport, new Owner());

    private long Written(Action send)
    {
        long before = _transport.WrittenLength;
        send();
        return _transport.WrittenLength - before;
    }

    private sealed class Owner : ISendQueueOwner
    {
        public WebSocketClosedException CreateClosedException() => throw new InvalidOperationException("The connection is never closed.");

        public void OnFaulted(Exception exception) => throw exception;

        public void OnSendBlocked()
        {
        }

        public void OnSendProgress()
        {
        }

        public void OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage)
        {
        }

        public void OnWriteMeasured(long length)
        {
        }

        public void OnCloseWritten()
        {
        }

        public void OnNoRoom()
        {
        }

        public void OnDropped(in SendDrops drops, bool becomesSlow)
        {
        }

        public void OnSendBufferDrained()
        {
        }
    }
}
