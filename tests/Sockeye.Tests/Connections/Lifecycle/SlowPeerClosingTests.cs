using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A close while the peer or its link is slow: nothing accepted before is lost.</summary>
public sealed class SlowPeerClosingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static TheoryData<string> Roles => ["server", "client"];

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Everything_accepted_is_sent_before_the_close_frame_to_a_slow_peer(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200_000]);
        Task<WebSocketCloseResult> close = test.Connection.CloseAsync().AsTask();

        for (int i = 0; i < 10; i++)
        {
            test.Time.Advance(4 * Second);
            test.Transport.Drain(17_000);
        }

        Assert.False(close.IsCompleted);
        test.Transport.Drain();
        Assert.Equal("Binary 200000 bytes, Close 1000", test.Wire());
        test.Time.Advance(4.5 * Second);
        test.ReceiveClose();

        Assert.True((await close).WasClean);
        Assert.False(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_peer_that_reads_nothing_is_aborted_at_the_close_timeout(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200_000]);
        _ = test.Connection.CloseAsync();

        test.Time.Advance(4.8 * Second);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(1.2 * Second);

        Assert.True(test.Transport.IsAborted);
        Assert.IsType<TimeoutException>(test.Result.Exception);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void The_close_timeout_starts_when_the_kernel_has_sent_the_close_frame(string role)
    {
        TestConnection test = Open(role);
        test.Transport.KernelLength = 2_000_000;
        _ = test.Connection.CloseAsync();
        Assert.Equal("Close 1000", test.Wire());

        while (test.Transport.KernelLength > 0)
        {
            test.Time.Advance(Second);
            test.Transport.KernelLength -= 100_000;
        }

        test.Time.Advance(4.8 * Second);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(1.6 * Second);

        Assert.True(test.Transport.IsClosed);
        Assert.False(test.Transport.IsAborted);
        Assert.IsType<TimeoutException>(test.Result.Exception);
        Assert.Equal(0, test.Time.TimerCount);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_stalled_kernel_buffer_ends_at_the_close_timeout(string role)
    {
        TestConnection test = Open(role);
        test.Transport.KernelLength = 2_000_000;
        _ = test.Connection.CloseAsync();

        test.Time.Advance(4.8 * Second);
        Assert.False(test.Transport.IsClosed);
        test.Time.Advance(1.2 * Second);

        Assert.True(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Bytes_acknowledged_before_the_first_check_count(string role)
    {
        TestConnection test = Open(role, closeTimeout: 0.5 * Second);
        test.Transport.KernelLength = 2_000_000;
        _ = test.Connection.CloseAsync();

        for (double taken = 0; taken < 2; taken += 0.45)
        {
            test.Transport.KernelLength -= 100_000;
            test.Time.Advance(0.45 * Second);
            Assert.False(test.Transport.IsClosed);
        }

        test.Time.Advance(Second);
        Assert.True(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void The_kernel_is_not_queried_for_an_immediate_clean_close(string role)
    {
        TestConnection test = Open(role);

        _ = test.Connection.CloseAsync();
        test.ReceiveClose();
        test.Transport.EndInput();

        Assert.True(test.Result.WasClean);
        Assert.Equal(0, test.Transport.KernelLengthReads);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_peer_that_closed_first_gets_everything_before_the_transport_closes(string role)
    {
        TestConnection test = Open(role);
        test.Transport.KernelLength = 2_000_000;
        test.ReceiveClose();
        Assert.True(test.Result.WasClean);

        while (test.Transport.KernelLength > 0)
        {
            test.Time.Advance(3 * Second);
            Assert.False(test.Transport.IsClosed);
            test.Transport.KernelLength -= 500_000;
        }

        test.Time.Advance(2.5 * Second);
        Assert.True(test.Transport.IsClosed);
        Assert.False(test.Transport.IsAborted);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void The_close_frame_of_a_violation_follows_everything_accepted_before(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200_000]);
        test.Transport.Feed(role == "server" ? [0xC1, 0x80] : [0xC1, 0x00]);

        for (int i = 0; i < 10; i++)
        {
            test.Time.Advance(4 * Second);
            test.Transport.Drain(17_000);
        }

        test.Transport.Drain();
        Assert.Equal("Binary 200000 bytes, Close 1002", test.Wire());
        Assert.True(test.Transport.IsOutputEnded);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_half_closed_peer_gets_everything_accepted_for_it(string role)
    {
        TestConnection test = Open(role);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[200_000]);

        test.Transport.EndInput();
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, test.Result.Code);
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("late"));
        for (int i = 0; i < 10; i++)
        {
            test.Time.Advance(4 * Second);
            Assert.False(test.Transport.IsClosed);
            test.Transport.Drain(17_000);
        }

        test.Transport.Drain();
        Assert.Equal("Binary 200000 bytes", test.Wire());
        Assert.True(test.Transport.IsClosed);
        Assert.False(test.Transport.IsAborted);
    }

    private static TestConnection Open(string role, TimeSpan? closeTimeout = null)
    {
        var options = new WebSocketConnectionOptions();
        return new(role == "server" ? Role.Server : Role.Client, options: options with
        {
            KeepAlive = KeepAliveOptions.Disabled,
            CloseTimeout = closeTimeout ?? options.CloseTimeout,
        });
    }
}
