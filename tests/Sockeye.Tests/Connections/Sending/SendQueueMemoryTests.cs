using System.Buffers;
using Sockeye.Connections;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The memory of an idle send queue: most of ten thousand connections are idle.</summary>
public sealed class SendQueueMemoryTests(ITestOutputHelper output)
{
    private const int QueueCount = 1_000;
    private const long MaxLengthAtRest = 104;

    // What the runtime does on the side now and then.
    private const long Noise = 8 * 1024;

    private readonly ConnectionSettings _settings = SendSettings.Of(Role.Server, ArrayPool<byte>.Shared, limit: 1024);
    private readonly SendQueueBench _owner = new();

    [Fact]
    public void An_idle_send_queue_is_one_object_of_88_bytes()
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        var queues = new SendQueue[QueueCount];
        queues[0] = new SendQueue(_settings, transport, _owner);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < QueueCount; i++)
        {
            queues[i] = new SendQueue(_settings, transport, _owner);
        }

        double length = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)QueueCount;
        output.WriteLine($"{length} bytes");
        Assert.InRange(length, 24, MaxLengthAtRest);
    }

    [Fact]
    public void A_send_queue_keeps_no_memory_of_sent_frames()
    {
        var transport = new InMemoryTransport { KeepsOutput = false };
        SendQueue[] queues = [.. Enumerable.Range(0, QueueCount).Select(_ => new SendQueue(_settings, transport, _owner))];
        Send(queues[0]);

        // The pool's array goes from one to the next: kept, there would be a thousand.
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (SendQueue queue in queues)
        {
            Send(queue);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Noise);
    }

    [Fact]
    public void State_for_a_blocked_transport_is_reused_after_it_drained()
    {
        InMemoryTransport[] transports = [.. Enumerable.Range(0, QueueCount).Select(_ => new InMemoryTransport
        {
            KeepsOutput = false,
            Capacity = 0,
        })];
        SendQueue[] queues = [.. transports.Select(transport => new SendQueue(_settings, transport, _owner))];
        byte[] payload = new byte[100];
        Block(queues[0], transports[0], payload);

        // The next one reuses what the one before has released: kept, it would be made a thousand times.
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < QueueCount; i++)
        {
            Block(queues[i], transports[i], payload);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Noise);
        Assert.All(queues, queue => Assert.Equal(0, queue.SendBufferLength));
        Assert.All(transports, transport => Assert.Equal(2 * (100 + 2) + 2, transport.WrittenLength));
    }

    private static void Send(SendQueue queue)
    {
        queue.Cork();
        queue.TrySend(Opcode.Binary, "corked"u8);
        queue.Uncork();
        queue.TrySend(Opcode.Binary, "alone"u8);
        queue.SendPong([]);
    }

    private static void Block(SendQueue queue, InMemoryTransport transport, ReadOnlySpan<byte> payload)
    {
        queue.TrySend(Opcode.Binary, payload);
        queue.TrySend(Opcode.Binary, payload);
        queue.SendPong([]);
        while (transport.TakeBlocked())
        {
            queue.OnWritten();
        }
    }
}
