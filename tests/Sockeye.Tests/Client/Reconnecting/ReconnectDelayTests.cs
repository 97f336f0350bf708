using Sockeye.Client.Reconnecting;

namespace Sockeye.Tests;

/// <summary>RFC 6455 §7.2.3: clients do not reconnect all at once.</summary>
public sealed class ReconnectDelayTests
{
    private static readonly WebSocketDisconnect Lost = new(
        result: null,
        new WebSocketHandshakeException(WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect, null, []));

    // CT-50: "2,000 clients after restart".
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    [InlineData(5, 60)]
    [InlineData(1_000_000, 60)]
    public void Two_thousand_clients_spread_over_the_whole_delay(int failureCount, double seconds)
    {
        const int Clients = 2_000;
        const int Slices = 20;
        var delay = new ReconnectDelay(WebSocketReconnectOptions.Default);

        double[] waits = [.. Enumerable.Range(0, Clients).Select(_ => delay.Next(failureCount, Lost).TotalSeconds)];

        int[] slices = new int[Slices];
        Assert.All(waits, wait =>
        {
            Assert.InRange(wait, 0, seconds);
            slices[Math.Min((int)(wait / seconds * Slices), Slices - 1)]++;
        });

        // 100 in each, with a deviation of 10: seven of them either way.
        Assert.All(slices, count => Assert.InRange(count, 30, 170));
        Assert.True(waits.Distinct().Count() > Clients * 0.99);
    }

    [Fact]
    public void A_limit_below_the_first_delay_is_applied()
    {
        var delay = new ReconnectDelay(new WebSocketReconnectOptions
        {
            MaxDelay = TimeSpan.FromSeconds(1),
            NextRandom = () => 1,
        });

        Assert.Equal(TimeSpan.FromSeconds(1), delay.Next(1, Lost));
    }

    [Fact]
    public void The_longest_delays_do_not_overflow()
    {
        var delay = new ReconnectDelay(new WebSocketReconnectOptions
        {
            FirstDelay = TimeSpan.FromDays(1),
            MaxDelay = TimeSpan.FromDays(1),
            NextRandom = () => 1,
        });

        Assert.Equal(TimeSpan.FromDays(1), delay.Next(int.MaxValue, Lost));
    }
}
