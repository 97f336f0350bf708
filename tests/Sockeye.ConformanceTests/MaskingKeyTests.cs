using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>FR-50 and FR-51: every frame of a client is masked with an unpredictable key (RFC 6455 §5.3, §10.3).</summary>
public sealed class MaskingKeyTests
{
    private const int FrameCount = 4096;

    [Fact]
    public async Task Client_masks_every_frame_with_a_new_key()
    {
        await using EndpointUnderTest client = await Endpoints.CreateAsync(TestedTransport.InMemory, TestedRole.Client);
        RawFrameWriter writer = new(peerIsClient: false, seed: 0);
        RawFrameReader reader = new(endpointIsClient: true);
        List<byte[]> keys = [];

        for (int i = 0; i < FrameCount; i++)
        {
            // An empty frame has a key as well, and so does a pong.
            RawFrame frame = (i % 3) switch { 0 => Binary(), 1 => Ping(), _ => Binary(1, 2, 3) };
            await client.SendAsync(writer.Write(frame, out _), CancellationToken.None);
            foreach (byte[] bytes in client.Inbox.Take())
            {
                reader.Append(bytes);
            }

            Assert.True(reader.TryRead(out RawFrame? answer));
            keys.Add(answer.MaskingKey!);
        }

        // Among 4096 random keys, two are equal once in five hundred runs, and three practically never.
        IEnumerable<uint> distinct = keys.Select(key => BitConverter.ToUInt32(key)).Distinct();
        Assert.InRange(distinct.Count(), FrameCount - 2, FrameCount);
        for (int position = 0; position < 4; position++)
        {
            // Each of 256 values is missing from 4096 random bytes with a probability of e^-16.
            Assert.InRange(keys.Select(key => key[position]).Distinct().Count(), 254, 256);
        }
    }
}
