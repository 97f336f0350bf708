using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>A network between two streams, without connections: every condition and fault, in both directions.</summary>
public sealed class NetworkTests
{
    private readonly FakeTimeProvider _time = new();

    public static TheoryData<bool> Directions => [true, false];

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Bytes_arrive_at_once_and_whole_by_default(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());

        await lane.Sender.WriteAsync(Wire.Bytes("01 02 03"));

        Assert.Equal("01 02 03", await lane.ReadAsync());
        Assert.Equal((3, 3), (lane.Link.SentLength, lane.Link.ReceivedLength));
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Latency_delays_each_write_by_the_virtual_clock(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { Latency = TimeSpan.FromMilliseconds(50) }, _time);
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        _time.Advance(TimeSpan.FromMilliseconds(20));
        await lane.Sender.WriteAsync(Wire.Bytes("02"));
        Task<string> first = lane.ReadAsync();

        _time.Advance(TimeSpan.FromMilliseconds(29));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("01", await first.WithDeadline());
        Task<string> second = lane.ReadAsync();
        _time.Advance(TimeSpan.FromMilliseconds(19));
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("02", await second.WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task One_advance_delivers_everything_that_is_due_in_order(bool toServer)
    {
        using var lane = Lane.Create(
            toServer, new() { Latency = TimeSpan.FromSeconds(1), Jitter = TimeSpan.FromSeconds(5) }, _time);
        for (byte value = 0; value < 5; value++)
        {
            await lane.Sender.WriteAsync(new[] { value });
        }

        lane.Sender.Dispose();
        _time.Advance(TimeSpan.FromHours(1));

        foreach (string expected in (string[])["00", "01", "02", "03", "04", ""])
        {
            Task<string> read = lane.ReadAsync();
            Assert.True(read.IsCompleted);
            Assert.Equal(expected, await read);
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Pieces_end_at_multiples_of_the_segment_length_and_where_a_write_ends(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { SegmentLength = 4 });

        await lane.Sender.WriteAsync(Wire.Bytes("01 02 03 04 05 06"));
        await lane.Sender.WriteAsync(Wire.Bytes("07 08 09"));
        lane.Sender.Dispose();

        Assert.Equal(["01 02 03 04", "05 06", "07 08", "09"], await lane.ReadAllAsync());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Varying_segments_have_lengths_from_1_to_the_maximum(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { SegmentLength = 5, VarySegments = true });
        byte[] sent = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

        await lane.Sender.WriteAsync(sent);
        lane.Sender.Dispose();

        List<string> pieces = await lane.ReadAllAsync();
        Assert.Equal(Lane.Hex(sent), string.Join(' ', pieces));
        Assert.Equal([1, 2, 3, 4, 5], pieces[..^1].Select(piece => (piece.Length + 1) / 3).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Bandwidth_spreads_the_arrivals(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { BytesPerSecond = 1000, SegmentLength = 500 }, _time);
        await lane.Sender.WriteAsync(new byte[1250]);
        lane.Sender.Dispose();

        Assert.Equal(
            [(500, 500), (1000, 500), (1250, 250), (1250, 0)], await ArrivalsAsync(lane, TimeSpan.FromMilliseconds(50)));
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task Without_a_segment_length_a_bandwidth_delivers_pieces_of_1460_bytes(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { BytesPerSecond = 1_460_000 }, _time);
        await lane.Sender.WriteAsync(new byte[3000]);
        lane.Sender.Dispose();

        Assert.Equal([(1, 1460), (2, 1460), (3, 80), (3, 0)], await ArrivalsAsync(lane, TimeSpan.FromMilliseconds(1)));
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_stalled_direction_delivers_nothing_until_it_resumes(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        lane.Link.Stall();
        await lane.Sender.WriteAsync(Wire.Bytes("02"));
        await lane.OtherWayAsync();

        Assert.Equal("01", await lane.ReadAsync());
        Task<string> read = lane.ReadAsync();
        Assert.False(read.IsCompleted);
        lane.Link.Resume();

        Assert.Equal("02", await read.WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_direction_may_begin_stalled(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { IsStalled = true });
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        Task<string> read = lane.ReadAsync();
        Assert.False(read.IsCompleted);

        lane.Link.Resume();

        Assert.Equal("01", await read.WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_write_waits_while_the_buffer_is_full(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { BufferLength = 4 });
        Task write = lane.Sender.WriteAsync(Wire.Bytes("01 02 03 04 05 06")).AsTask();
        Assert.False(write.IsCompleted);
        Assert.Equal(4, lane.Link.SentLength);

        Assert.Equal("01 02 03 04", await lane.ReadAsync());
        await write.WithDeadline();

        Assert.Equal("05 06", await lane.ReadAsync());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_reset_ends_pending_and_later_calls_of_both_ends(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { BufferLength = 1, IsStalled = true });
        Task write = lane.Sender.WriteAsync(Wire.Bytes("01 02")).AsTask();
        Task<string> read = lane.ReadAsync();

        lane.Network.Reset();

        foreach (Func<Task> call in (Func<Task>[])
            [() => write, () => read, () => lane.Sender.WriteAsync(new byte[1]).AsTask(), lane.ReadAsync, lane.OtherWayAsync])
        {
            IOException exception = await Assert.ThrowsAsync<IOException>(() => call().WithDeadline());
            Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(exception.InnerException).SocketErrorCode);
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_reset_after_a_length_delivers_exactly_that(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { ResetAfterLength = 3 });
        await lane.Sender.WriteAsync(Wire.Bytes("01 02"));
        await lane.Sender.WriteAsync(Wire.Bytes("03 04"));

        Assert.Equal("01 02", await lane.ReadAsync());
        Assert.Equal("03", await lane.ReadAsync());
        await Assert.ThrowsAsync<IOException>(lane.ReadAsync);
        await Assert.ThrowsAsync<IOException>(lane.OtherWayAsync);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_reset_after_bytes_that_were_read_is_at_once(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());
        await lane.Sender.WriteAsync(Wire.Bytes("01 02"));
        await lane.ReadAsync();

        lane.Link.ResetAfter(2);

        await Assert.ThrowsAsync<IOException>(() => lane.Sender.WriteAsync(new byte[1]).AsTask());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_half_close_ends_one_direction_and_the_other_continues(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { Latency = TimeSpan.FromSeconds(1) }, _time);
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        lane.Link.End();
        await Assert.ThrowsAsync<IOException>(() => lane.Sender.WriteAsync(new byte[1]).AsTask());
        await lane.OtherWayAsync();

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["01"], await lane.ReadAllAsync());
        await lane.OtherWayAsync();
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_dropped_tail_and_its_end_never_arrive(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { DropAfterLength = 3, BufferLength = 8 });
        await lane.Sender.WriteAsync(Wire.Bytes("01 02"));
        await lane.Sender.WriteAsync(Wire.Bytes("03 04 05"));

        Assert.Equal("01 02", await lane.ReadAsync());
        Assert.Equal("03", await lane.ReadAsync());
        Task<string> read = lane.ReadAsync();
        Task write = lane.Sender.WriteAsync(new byte[8]).AsTask();
        await lane.OtherWayAsync();
        lane.Sender.Dispose();

        Assert.False(read.IsCompleted);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => write.WithDeadline());
        Assert.False(read.IsCompleted);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_cut_cable_loses_what_is_under_way_and_keeps_what_has_arrived(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { Latency = TimeSpan.FromSeconds(1) }, _time);
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        _time.Advance(TimeSpan.FromSeconds(1));
        await lane.Sender.WriteAsync(Wire.Bytes("02"));

        lane.Network.Drop();
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal("01", await lane.ReadAsync());
        Assert.False(lane.ReadAsync().IsCompleted);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task What_is_sent_to_a_disposed_end_is_lost_without_an_error(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { BufferLength = 2 });
        Task write = lane.Sender.WriteAsync(Wire.Bytes("01 02 03")).AsTask();

        lane.Receiver.Dispose();

        await write.WithDeadline();
        await lane.Sender.WriteAsync(new byte[100]);
        Assert.Equal(0, await lane.Sender.ReadAsync(new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(lane.ReadAsync);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_read_of_no_bytes_waits_for_input(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());
        Task<int> read = lane.Receiver.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(read.IsCompleted);

        await lane.Sender.WriteAsync(Wire.Bytes("01"));

        Assert.Equal(0, await read.WithDeadline());
        Assert.Equal("01", await lane.ReadAsync());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_canceled_read_takes_no_bytes(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());
        using var canceling = new CancellationTokenSource();
        ValueTask<int> read = lane.Receiver.ReadAsync(new byte[1], canceling.Token);

        await canceling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.AsTask().WithDeadline());
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        Assert.Equal("01", await lane.ReadAsync());
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task The_same_seed_gives_the_same_pieces_at_the_same_times(bool toServer)
    {
        List<(int, int)> first = await RunAsync(seed: 7);
        List<(int, int)> second = await RunAsync(seed: 7);
        List<(int, int)> other = await RunAsync(seed: 8);

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(2000, first.Sum(arrival => arrival.Item2));

        async Task<List<(int, int)>> RunAsync(int seed)
        {
            var time = new FakeTimeProvider();
            var conditions = new WebSocketTestLinkOptions
            {
                Latency = TimeSpan.FromMilliseconds(10),
                Jitter = TimeSpan.FromMilliseconds(40),
                SegmentLength = 100,
                VarySegments = true,
            };
            using var lane = Lane.Create(toServer, conditions, time, seed);
            await lane.Sender.WriteAsync(new byte[2000]);
            lane.Sender.Dispose();
            return await ArrivalsAsync(lane, TimeSpan.FromMilliseconds(1), time);
        }
    }

    [Fact]
    public async Task The_numbers_of_a_seed_never_change()
    {
        // Tests of users depend on them: a version with other numbers breaks these tests.
        using var lane = Lane.Create(toServer: true, new() { SegmentLength = 9, VarySegments = true }, seed: 1);
        await lane.Sender.WriteAsync(new byte[40]);
        lane.Sender.Dispose();

        Assert.Equal("6 3 4 4 2 1 5 9 4 2", string.Join(' ', (await lane.ReadAllAsync()).Select(piece => (piece.Length + 1) / 3)));
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task The_record_has_all_bytes_that_were_sent(bool toServer)
    {
        using var lane = Lane.Create(toServer, new() { DropAfterLength = 1 }, record: true);
        await lane.Sender.WriteAsync(Wire.Bytes("01 02"));

        Assert.Equal("01 02", Lane.Hex(lane.Link.GetSentBytes()));
    }

    [Fact]
    public void Without_a_record_reading_it_throws()
    {
        using var network = new WebSocketTestNetwork();

        Assert.Throws<InvalidOperationException>(network.ToServer.GetSentBytes);
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public async Task A_test_waits_for_bytes_that_were_sent_and_received(bool toServer)
    {
        using var lane = Lane.Create(toServer, new());
        Task sent = lane.Link.WaitForSentAsync(2);
        Task received = lane.Link.WaitForReceivedAsync(2);
        await lane.Sender.WriteAsync(Wire.Bytes("01"));
        Assert.False(sent.IsCompleted);

        await lane.Sender.WriteAsync(Wire.Bytes("02"));
        await sent.WithDeadline();
        Assert.False(received.IsCompleted);
        await lane.ReadAsync();
        await lane.ReadAsync();
        await received.WithDeadline();
        lane.Sender.Dispose();

        await Assert.ThrowsAsync<IOException>(() => lane.Link.WaitForSentAsync(3).WithDeadline());
    }

    [Fact]
    public async Task A_network_leaves_no_timer_behind()
    {
        var time = new ManualTimeProvider();
        var link = new WebSocketTestLinkOptions { Latency = TimeSpan.FromSeconds(1) };
        using (var network = new WebSocketTestNetwork(new() { ToServer = link, ToClient = link, TimeProvider = time }))
        {
            await network.ClientStream.WriteAsync(new byte[1]);
            await network.ServerStream.WriteAsync(new byte[1]);
            Assert.Equal(2, time.TimerCount);
        }

        Assert.Equal(0, time.TimerCount);
    }

    [Fact]
    public async Task The_clock_of_the_system_delivers_too()
    {
        using var lane = Lane.Create(
            toServer: true,
            new() { Latency = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(5), SegmentLength = 1 },
            TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        await lane.Sender.WriteAsync(Wire.Bytes("01 02 03"));
        lane.Sender.Dispose();

        Assert.Equal(["01", "02", "03"], await lane.ReadAllAsync().WithDeadline());
        Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public void Options_out_of_range_or_without_effect_are_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { Latency = TimeSpan.FromTicks(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { Jitter = TimeSpan.FromDays(2) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { SegmentLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { BytesPerSecond = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { BufferLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { ResetAfterLength = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketTestLinkOptions { DropAfterLength = -1 });
        Assert.Throws<ArgumentException>(() => new WebSocketTestNetwork(new() { ToClient = new() { VarySegments = true } }));
    }

    private Task<List<(int Milliseconds, int Length)>> ArrivalsAsync(Lane lane, TimeSpan step) => ArrivalsAsync(lane, step, _time);

    // When each piece arrives, and the end, whose length is 0.
    private static async Task<List<(int Milliseconds, int Length)>> ArrivalsAsync(Lane lane, TimeSpan step, FakeTimeProvider time)
    {
        List<(int, int)> arrivals = [];
        DateTimeOffset start = time.GetUtcNow();
        byte[] buffer = new byte[4096];
        while (true)
        {
            // A read that has bytes completes in place: none waits here.
            using var none = new CancellationTokenSource();
            ValueTask<int> read = lane.Receiver.ReadAsync(buffer, none.Token);
            if (!read.IsCompleted)
            {
                await none.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.AsTask().WithDeadline());
                time.Advance(step);
                continue;
            }

            int length = await read;
            arrivals.Add(((int)(time.GetUtcNow() - start).TotalMilliseconds, length));
            if (length == 0)
            {
                return arrivals;
            }
        }
    }
}
