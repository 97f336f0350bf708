using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A peer that accepts no bytes, but is otherwise alive.</summary>
public sealed class SendDeadlineTests
{
    private const int Length = 200_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_reads_nothing_for_30_seconds_is_aborted_even_if_it_sends(bool isServer)
    {
        TestConnection test = Stalled(isServer ? Role.Server : Role.Client);
        Task waiting = test.Connection.SendAsync(new byte[2_000_000]).AsTask();
        Task refused = test.Connection.SendAsync("later").AsTask();

        PassAlive(test, seconds: 29);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 2);

        Assert.IsType<TimeoutException>(test.Result.Exception);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, test.Result.Code);
        await waiting;
        await Assert.ThrowsAsync<WebSocketClosedException>(() => refused);
        Assert.Equal(0, test.Pool.OutCount);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Fact]
    public void A_peer_that_reads_occasionally_is_not_aborted()
    {
        TestConnection test = Stalled(Role.Server);

        for (int i = 0; i < 10; i++)
        {
            PassAlive(test, seconds: 20);
            test.Transport.Drain(Length / 12);
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 31);
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
    }

    [Fact]
    public void A_peer_that_acknowledges_occasionally_is_not_aborted()
    {
        // The kernel takes no more from this end, since it has megabytes that go out over a slow link.
        TestConnection test = Stalled(Role.Server, kernelProgress: uint.MaxValue - 2_000);

        for (int i = 0; i < 20; i++)
        {
            PassAlive(test, seconds: 20);
            test.Transport.KernelProgress += 1_000;
        }

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 39);
        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
        Assert.IsType<TimeoutException>(test.Result.Exception);
    }

    [Fact]
    public void The_timeout_restarts_after_the_buffer_was_empty()
    {
        TestConnection test = Stalled(Role.Server);
        PassAlive(test, seconds: 20);
        test.Transport.Drain();
        PassAlive(test, seconds: 100);

        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[Length]);
        PassAlive(test, seconds: 29);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        PassAlive(test, seconds: 2);

        Assert.Equal(WebSocketConnectionState.Closed, test.Connection.State);
    }

    [Fact]
    public void An_infinite_SendTimeout_never_aborts()
    {
        TestConnection test = Stalled(Role.Server, Timeout.InfiniteTimeSpan);

        PassAlive(test, seconds: 1_000);

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        test.Connection.Abort();
    }

    private static TestConnection Stalled(Role role, TimeSpan? timeout = null, uint? kernelProgress = null)
    {
        var options = new WebSocketConnectionOptions();
        var test = new TestConnection(
            role, options: timeout is null ? options : options with { SendTimeout = timeout.Value });
        test.Transport.Capacity = 0;
        test.Transport.KernelProgress = kernelProgress;
        test.Connection.TrySend(new byte[Length]);
        return test;
    }

    // The peer sends a byte of something each second: it is alive.
    private static void PassAlive(TestConnection test, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            test.Receive(Opcode.Pong, []);
            test.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
