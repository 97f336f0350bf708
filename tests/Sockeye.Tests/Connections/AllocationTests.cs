using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Heap allocations per message.</summary>
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int WarmUpCount = 500;
    private const int MessageCount = 10_000;

    // Far below one object per message: what the runtime does on the side now and then.
    private const long Noise = 8 * 1024;

    // An awaited receive costs its state machine where that is a class, as the compiler has it without optimization.
#if DEBUG
    private const long StateMachineLength = 320;
#else
    private const long StateMachineLength = 0;
#endif

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 16)]
    [InlineData(32, 1)]
    [InlineData(32, 16)]
    [InlineData(1_024, 1)]
    [InlineData(1_024, 16)]
    [InlineData(65_536, 1)]
    [InlineData(65_536, 16)]
    public void An_echo_in_a_handler_allocates_nothing(int length, int messagesPerRead)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        Open(transport, new Echo(), new WebSocketConnectionOptions());
        int count = length > 10_000 ? MessageCount / 10 : MessageCount;

        long allocated = Feed(transport, Opcode.Binary, length, messagesPerRead, count);

        output.WriteLine($"{(double)allocated / count} bytes per message");
        Assert.InRange(allocated, 0, Noise);
        long replies = transport.WrittenLength / (length + HeaderLength(length));
        Assert.Equal((WarmUpCount + count) / messagesPerRead * messagesPerRead, replies);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(125, 16)]
    public void A_ping_allocates_nothing(int length, int messagesPerRead)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        Open(transport, new Echo(), new WebSocketConnectionOptions());

        long allocated = Feed(transport, Opcode.Ping, length, messagesPerRead, MessageCount);

        Assert.InRange(allocated, 0, Noise);
        Assert.Equal((WarmUpCount + MessageCount) / messagesPerRead * messagesPerRead, transport.WrittenLength / (length + 2));
    }

    [Fact]
    public void Replies_to_one_read_leave_in_one_write()
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        Open(transport, new Echo(), new WebSocketConnectionOptions());

        Feed(transport, Opcode.Binary, 32, perRead: 16, MessageCount);

        Assert.Equal((WarmUpCount + MessageCount) / 16, transport.WriteCount);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(1_024)]
    public void An_asynchronous_handler_that_completes_at_once_allocates_nothing(int length)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        Open(transport, new AsyncEcho(), new WebSocketConnectionOptions());

        long allocated = Feed(transport, Opcode.Binary, length, 1, MessageCount);

        Assert.InRange(allocated, 0, Noise);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(1_024)]
    public void A_receive_that_finds_a_message_allocates_nothing(int length)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        WebSocketConnection connection = Open(transport, handler: null, new WebSocketConnectionOptions());

        long allocated = Feed(transport, Opcode.Binary, length, 1, MessageCount, () =>
        {
            ValueTask<WebSocketMessage?> receive = connection.ReceiveAsync();
            connection.TrySend(receive.GetAwaiter().GetResult()!.Value.Payload.Span);
        });

        output.WriteLine($"{(double)allocated / MessageCount} bytes per message");
        Assert.InRange(allocated, 0, Noise + (StateMachineLength * MessageCount));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(1_024)]
    public void A_loop_that_awaits_each_message_allocates_nothing(int length)
    {
        // Inline, so that all of it runs on the thread that is measured.
        var transport = new InMemoryTransport { KeepsOutput = false };
        WebSocketConnection connection = Open(
            transport, handler: null, new WebSocketConnectionOptions { RunReceiveContinuationsInline = true });
        Task loop = EchoAll(connection);

        long allocated = Feed(transport, Opcode.Binary, length, 1, MessageCount);

        output.WriteLine($"{(double)allocated / MessageCount} bytes per message");
        Assert.InRange(allocated, 0, Noise);
        Assert.False(loop.IsCompleted);
        Assert.Equal(WarmUpCount + MessageCount, transport.WriteCount);
    }

    [Fact]
    public void A_receive_that_waits_allocates_nothing()
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        WebSocketConnection connection = Open(
            transport, handler: null, new WebSocketConnectionOptions { RunReceiveContinuationsInline = true });
        Task loop = ReceiveAll(connection);

        long allocated = Feed(transport, Opcode.Binary, 32, 1, MessageCount);

        output.WriteLine($"{(double)allocated / MessageCount} bytes per message");
        Assert.InRange(allocated, 0, Noise + (StateMachineLength * MessageCount));
        Assert.False(loop.IsCompleted);
        Assert.Equal(WarmUpCount + MessageCount, transport.WriteCount);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_prepared_message_allocates_nothing(bool isCompressed, bool hasContextTakeover)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        DeflateSetup? deflate = !isCompressed ? null : hasContextTakeover ? DeflateSetup.Takeover() : DeflateSetup.Forgetting();
        WebSocketConnection connection = Open(transport, handler: null, new WebSocketConnectionOptions(), deflate);
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1, length: 20_000));

        long allocated = Feed(transport, Opcode.Ping, 0, 1, MessageCount, () =>
        {
            connection.TrySend(message);
            connection.SendAsync(message).GetAwaiter().GetResult();
        });

        output.WriteLine($"{(double)allocated / MessageCount / 2} bytes per message");
        Assert.InRange(allocated, 0, Noise);
        Assert.Equal(3 * (WarmUpCount + MessageCount), transport.WriteCount);
    }

    private static async Task EchoAll(WebSocketConnection connection)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync().ConfigureAwait(false))
        {
            await connection.SendAsync(message).ConfigureAwait(false);
        }
    }

    private static async Task ReceiveAll(WebSocketConnection connection)
    {
        while (await connection.ReceiveAsync().ConfigureAwait(false) is { } message)
        {
            connection.TrySend(message.Payload.Span);
        }
    }

    private static int HeaderLength(int length) => length < 126 ? 2 : length < 65_536 ? 4 : 10;

    private static WebSocketConnection Open(
        InMemoryTransport transport, WebSocketHandler? handler, WebSocketConnectionOptions options,
        DeflateSetup? deflate = null)
    {
        var settings = new ConnectionSettings(
            Role.Server, options, new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance)
        {
            Codecs = deflate?.Codecs,
        };
        var connection = new WebSocketConnection(transport, settings, handler, deflate: deflate?.Agreed);
        connection.Core.Start();
        return connection;
    }

    private static long Feed(
        InMemoryTransport transport, Opcode opcode, int length, int perRead, int count, Action? afterRead = null)
    {
        byte[] frame = TestConnection.FrameOf(Role.Client, opcode, new byte[length]);
        byte[] wire = [.. Enumerable.Repeat(frame, perRead).SelectMany(bytes => bytes)];
        byte[] buffer = new byte[wire.Length];
        ITransportSink sink = transport.Sink;
        for (int i = 0; i < WarmUpCount / perRead; i++)
        {
            Once();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < ((WarmUpCount + count) / perRead) - (WarmUpCount / perRead); i++)
        {
            Once();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;

        void Once()
        {
            // Frames are unmasked in place: fresh ones for each read.
            wire.CopyTo(buffer, 0);
            sink.OnReceived(buffer);
            afterRead?.Invoke();
        }
    }

    private sealed class Echo : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);
    }

    private sealed class AsyncEcho : WebSocketHandler
    {
        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            connection.SendAsync(message);
    }
}
