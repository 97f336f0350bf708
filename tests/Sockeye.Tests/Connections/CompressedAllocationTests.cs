using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Heap allocations per compressed message.</summary>
public sealed class CompressedAllocationTests(ITestOutputHelper output)
{
    private const int WarmUpCount = 200;
    private const int MessageCount = 2_000;

    // Far below one object per message: what the runtime does on the side now and then.
    private const long Noise = 8 * 1024;

    public static TheoryData<string, int, int> Presets => new MatrixTheoryData<string, int, int>(
        ["default", "shared", "dedicated"], [1_024, 16_384], [1, 16]);

    [Theory]
    [MemberData(nameof(Presets))]
    public void A_compressed_echo_in_a_handler_allocates_nothing(string preset, int length, int messagesPerRead)
    {
        DeflateSetup setup = SetupOf(preset);
        var transport = new InMemoryTransport { KeepsOutput = false };
        Open(transport, setup);
        byte[] read = ReadOf(setup, length, messagesPerRead);


        long allocated = Measure(() => Feed(transport, read), MessageCount / messagesPerRead);

        output.WriteLine($"{(double)allocated / MessageCount} bytes per message");
        Assert.InRange(allocated, 0, Noise);
        Assert.InRange(transport.WrittenLength, MessageCount * 8, MessageCount * length / 2);
    }

    [Theory]
    [InlineData("shared")]
    [InlineData("default")]
    public void A_corked_compressed_broadcast_allocates_nothing(string preset)
    {
        const int ConnectionCount = 32;
        DeflateSetup setup = SetupOf(preset);
        InMemoryTransport[] transports =
            [.. Enumerable.Range(0, ConnectionCount).Select(_ => new InMemoryTransport { KeepsOutput = false, CanGather = true })];
        WebSocketConnection[] connections = [.. transports.Select(transport => Open(transport, setup))];
        byte[] text = TextOf(1_024);

        long allocated = Measure(
            () =>
            {
                foreach (WebSocketConnection connection in connections)
                {
                    connection.TrySend(text, WebSocketMessageKind.Text);
                }

                foreach (InMemoryTransport transport in transports)
                {
                    transport.Sink.OnFlush();
                }
            },
            MessageCount / ConnectionCount);

        output.WriteLine($"{(double)allocated / MessageCount} bytes per message");
        Assert.InRange(allocated, 0, Noise);
        Assert.All(transports, transport => Assert.True(transport.WriteCount >= MessageCount / ConnectionCount));
    }

    [Theory]
    [InlineData("shared")]
    [InlineData("default")]
    public void Compressed_fragments_allocate_only_their_writer(string preset)
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        WebSocketConnection connection = Open(transport, SetupOf(preset));
        byte[] fragment = TextOf(2_000);

        long allocated = Measure(
            () =>
            {
                WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Text);
                for (int count = 0; count < 10; count++)
                {
                    Assert.True(writer.WriteAsync(fragment).IsCompletedSuccessfully);
                }

                Assert.True(writer.CompleteAsync().IsCompletedSuccessfully);
            },
            MessageCount / 10);

        double perMessage = allocated / (MessageCount / 10.0);
        output.WriteLine($"{perMessage} bytes per message of 11 fragments");
        Assert.InRange(perMessage, 0, 100);
    }

    private static long Measure(Action act, int count)
    {
        for (int i = 0; i < Math.Max(3, WarmUpCount * count / MessageCount); i++)
        {
            act();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            act();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static DeflateSetup SetupOf(string preset) => preset switch
    {
        "shared" => DeflateSetup.Forgetting(PerMessageDeflateOptions.Shared),
        "dedicated" => DeflateSetup.Takeover(PerMessageDeflateOptions.Dedicated) with
        {
            Agreed = new PerMessageDeflateParameters(false, false, 12, 12),
        },
        _ => DeflateSetup.Takeover(PerMessageDeflateOptions.Default),
    };

    private static byte[] TextOf(int length) => Encoding.ASCII.GetBytes(DeflateSetup.TextOf(1, length));

    // Each message stands for itself, so that the same bytes can be read over and over.
    private static byte[] ReadOf(DeflateSetup setup, int length, int messages)
    {
        byte[] deflated = new PeerDeflater(setup.Agreed.WindowBitsOf(Role.Client), forgets: true).Deflate(TextOf(length));
        byte[] frame = TestConnection.FrameOf(Role.Client, Opcode.Text, deflated, reservedBits: FrameHeader.Rsv1);
        return [.. Enumerable.Repeat(frame, messages).SelectMany(bytes => bytes)];
    }

    private static void Feed(InMemoryTransport transport, byte[] read)
    {
        // Frames are unmasked in place: fresh ones for each read.
        Span<byte> buffer = stackalloc byte[read.Length];
        read.CopyTo(buffer);
        transport.Sink.OnReceived(buffer);
    }

    private static WebSocketConnection Open(InMemoryTransport transport, DeflateSetup setup)
    {
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance)
        {
            Codecs = setup.Codecs,
        };
        var connection = new WebSocketConnection(transport, settings, new Echo(), null, setup.Agreed);
        connection.Core.Start();
        return connection;
    }

    private sealed class Echo : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);
    }
}
