using Sockeye.Connections.Sending;

namespace Sockeye.Tests;

public sealed class PongSlotTests
{
    [Fact]
    public void Begins_empty() => Assert.False(default(PongSlot).IsFull);

    [Fact]
    public void Keeps_the_newest_pong_only()
    {
        PongSlot slot = default;
        slot.Put("first, and longer"u8);
        slot.Put("second"u8);

        Assert.True(slot.IsFull);
        Assert.Equal("second"u8, slot.Take());
        Assert.False(slot.IsFull);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    public void Takes_any_payload_of_a_control_frame(int length)
    {
        byte[] payload = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        PongSlot slot = default;

        slot.Put(payload);
        byte[] kept = [.. payload];
        payload.AsSpan().Clear();

        Assert.True(slot.IsFull);
        Assert.Equal(kept, slot.Take().ToArray());
    }
}
