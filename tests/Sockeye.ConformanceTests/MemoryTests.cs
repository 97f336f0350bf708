using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>FR-20, FR-22, FR-40 and FR-44: memory grows with the bytes received, and work with their number.</summary>
public sealed class MemoryTests
{
    private const int MiB = 1024 * 1024;

    // An array of the pool is up to twice as long as requested, and up to four times the received bytes may be requested.
    private const int MaxLentPerReceivedByte = 8;
    private const int SmallestBuffer = 1024;

    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Long_frame_that_is_only_declared_costs_next_to_nothing(TestedRole role)
    {
        await using InMemoryEndpoint endpoint = new(role);
        byte[] wire = WriterFor(role).Write(Binary(new byte[10]) with { ClaimedLength = 60 * MiB }, out int header);

        await SendAsync(endpoint, wire[..header]);
        long afterHeader = endpoint.Pool.OutLength;
        await SendAsync(endpoint, wire[header..]);

        Assert.Equal(0, afterHeader);
        Assert.InRange(endpoint.Pool.OutLength, 10, SmallestBuffer);
    }

    [Theory]
    [InlineData(TestedRole.Server, 1, 20_000)]
    [InlineData(TestedRole.Client, 1, 20_000)]
    [InlineData(TestedRole.Server, 100, 5_000)]
    [InlineData(TestedRole.Server, 5_000, 200)]
    public async Task Incomplete_message_holds_a_bounded_multiple_of_what_has_arrived(
        TestedRole role, int fragmentLength, int fragmentCount)
    {
        await using InMemoryEndpoint endpoint = new(role);
        RawFrameWriter writer = WriterFor(role);
        byte[] payload = new byte[fragmentLength];

        for (int i = 1; i <= fragmentCount; i++)
        {
            RawFrame fragment = i == 1 ? Binary(payload) : Continuation(payload);
            await SendAsync(endpoint, writer.Write(fragment.Unfinished(), out _));

            Assert.InRange(
                endpoint.Pool.OutLength, i * fragmentLength,
                SmallestBuffer + (MaxLentPerReceivedByte * (long)i * fragmentLength));
        }
    }

    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Idle_connection_holds_no_buffer(TestedRole role)
    {
        await using InMemoryEndpoint endpoint = new(role);
        RawFrameWriter writer = WriterFor(role);

        RawFrame[] frames =
        [
            Text(Hello), Binary(new byte[100_000]), .. Fragments(Binary(new byte[5_000]), 64), Ping(Hello), Pong(Hello),
        ];

        foreach (RawFrame frame in frames)
        {
            byte[] wire = writer.Write(frame, out _);
            await SendAsync(endpoint, wire[..3]);
            await SendAsync(endpoint, wire[3..]);
        }

        Assert.Equal(0, endpoint.Pool.OutLength);
    }

    [Fact]
    public async Task Twice_the_fragments_cause_twice_the_memory_traffic()
    {
        const int FragmentLength = 64;
        List<double> perByte = [];

        for (int count = 1_000; count <= 16_000; count *= 2)
        {
            await using InMemoryEndpoint endpoint = new(TestedRole.Server);
            RawFrameWriter writer = WriterFor(TestedRole.Server);
            foreach (RawFrame frame in Fragments(Binary(new byte[count * FragmentLength]), FragmentLength))
            {
                await SendAsync(endpoint, writer.Write(frame, out _));
            }

            perByte.Add((double)endpoint.Pool.RentedLength / (count * FragmentLength));
        }

        // Quadratic growth would double it with each step.
        Assert.All(perByte, rented => Assert.InRange(rented, 0, 4 * MaxLentPerReceivedByte));
    }

    private static RawFrameWriter WriterFor(TestedRole role) => new(peerIsClient: role == TestedRole.Server, seed: 20);

    private static ValueTask SendAsync(InMemoryEndpoint endpoint, byte[] bytes) =>
        endpoint.SendAsync(bytes, CancellationToken.None);
}
