using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>A peer that sends without reading: the memory for its replies is bounded (RFC 6455 §5.5.3).</summary>
public sealed class FloodTests
{
    private const int PingCount = 10_000;
    private const int PingLength = 125;

    [Theory]
    [InlineData(TestedRole.Server, 0)]
    [InlineData(TestedRole.Server, 1)]
    [InlineData(TestedRole.Server, 60)]
    [InlineData(TestedRole.Client, 0)]
    [InlineData(TestedRole.Client, 60)]
    public async Task Ping_flood_leaves_one_pending_pong_for_the_newest_ping(TestedRole role, int room)
    {
        await using InMemoryEndpoint endpoint = new(role);
        RawFrameWriter writer = new(peerIsClient: role == TestedRole.Server, seed: 60);
        endpoint.Transport.Capacity = room;

        byte[] newest = [];
        for (int i = 0; i < PingCount; i++)
        {
            newest = Repeat($"{i} ", PingLength);
            await endpoint.SendAsync(writer.Write(Ping(newest), out _), CancellationToken.None);
        }

        endpoint.Drain();

        // One that the transport was already writing, and one that waited behind it.
        List<PeerEvent> pongs = Received(endpoint, role);
        Assert.InRange(pongs.Count, 1, 2);
        Assert.All(pongs, pong => Assert.Equal(PeerEventKind.Pong, pong.Kind));
        Assert.Equal(newest, pongs[^1].Payload);
    }

    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Ping_flood_to_a_peer_that_does_not_read_takes_no_memory_per_ping(TestedRole role)
    {
        await using InMemoryEndpoint endpoint = new(role);
        byte[] ping = new RawFrameWriter(peerIsClient: role == TestedRole.Server, seed: 60)
            .Write(Ping(new byte[PingLength]), out _);
        endpoint.Transport.Capacity = 0;
        await SendAsync(100);

        long before = GC.GetAllocatedBytesForCurrentThread();
        await SendAsync(PingCount);
        long perPing = (GC.GetAllocatedBytesForCurrentThread() - before) / PingCount;

        // The transport's own copy of what the peer sends, including the array header; the endpoint allocates nothing.
        Assert.InRange(perPing, 0, ping.Length + 40);

        async Task SendAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                await endpoint.SendAsync(ping, CancellationToken.None);
            }
        }
    }

    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Close_frame_is_sent_after_pending_frames_when_the_peer_reads_again(TestedRole role)
    {
        await using InMemoryEndpoint endpoint = new(role);
        RawFrameWriter writer = new(peerIsClient: role == TestedRole.Server, seed: 61);
        endpoint.Transport.Capacity = 3;

        await endpoint.SendAsync(writer.Write(Text("echo me"), out _), CancellationToken.None);
        await endpoint.SendAsync(writer.Write(Ping("1"), out _), CancellationToken.None);
        await endpoint.SendAsync(writer.Write(Close(1000), out _), CancellationToken.None);
        endpoint.Drain();

        List<PeerEvent> received = Received(endpoint, role);
        Assert.Equal("echo me"u8.ToArray(), received[0].Payload);
        Assert.Equal(1000, received[^1].CloseCode);
    }

    private static List<PeerEvent> Received(EndpointUnderTest endpoint, TestedRole role)
    {
        PeerEventReader reader = new(endpointIsClient: role == TestedRole.Client);
        foreach (byte[] bytes in endpoint.Inbox.Take())
        {
            reader.Append(bytes);
        }

        Assert.False(reader.IsUnfinished);
        List<PeerEvent> events = [];
        while (reader.Count != 0)
        {
            events.Add(reader.Dequeue());
        }

        return events;
    }
}
