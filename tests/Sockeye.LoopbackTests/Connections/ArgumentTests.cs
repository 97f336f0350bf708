namespace Sockeye.Tests;

public sealed class ArgumentTests
{
    // 0 would be sent as a continuation, 8 as a Close frame.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(-1)]
    public async Task An_undefined_message_kind_throws_and_nothing_is_sent(int number)
    {
        var kind = (WebSocketMessageKind)number;
        await using WebSocketServer server = await Servers.StartEchoAsync();
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        Assert.Throws<ArgumentOutOfRangeException>(() => client.TrySend([1], kind));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.SendAsync(new byte[1], kind).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => client.SendAsync(default(WebSocketMessage)).AsTask());
        Assert.Throws<ArgumentOutOfRangeException>(() => client.BeginMessage(kind));
        await client.SendAsync("something");

        Assert.Equal("something", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Fact]
    public void Intervals_are_a_second_to_a_day_or_infinite()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeepAliveOptions { PingInterval = TimeSpan.MaxValue });
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeepAliveOptions { PongTimeout = TimeSpan.FromDays(1.1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeepAliveOptions { PingInterval = TimeSpan.Zero });
        Assert.Equal(
            TimeSpan.FromDays(1), new KeepAliveOptions { PingInterval = TimeSpan.FromDays(1) }.PingInterval);
    }
}
