using Sockeye.Memory;

namespace Sockeye.Tests;

/// <summary>Large arrays are reused while in use, and released when not.</summary>
public sealed class LargeArrayPoolTests
{
    private const int MiB = 1024 * 1024;

    private readonly ManualTimeProvider _time = new();
    private readonly LargeArrayPool _pool;

    public LargeArrayPoolTests() => _pool = new LargeArrayPool(_time, maxIdleLength: 100 * MiB);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(81_920)]
    [InlineData(81_921)]
    [InlineData(131_072)]
    [InlineData(131_073)]
    [InlineData(1_048_576)]
    [InlineData(1_048_577)]
    [InlineData(8 * MiB)]
    [InlineData((8 * MiB) + 14)]
    public void A_rented_array_is_little_longer_than_requested(int length)
    {
        byte[] array = _pool.Rent(length);

        Assert.True(array.Length >= length);
        if (length > LargeArrayPool.MaxSharedLength)
        {
            Assert.InRange(array.Length, length, (int)(length * 1.25));
        }
    }

    [Theory]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    [InlineData(8 * MiB)]
    public void A_returned_array_is_rented_again(int length)
    {
        byte[] array = _pool.Rent(length);
        _pool.Return(array);

        Assert.Equal(array.Length, _pool.IdleLength);
        Assert.Same(array, _pool.Rent(length));
        Assert.Equal(0, _pool.IdleLength);
    }

    [Fact]
    public void Arrays_unused_for_two_intervals_are_released()
    {
        byte[][] burst = [.. Enumerable.Range(0, 10).Select(_ => _pool.Rent(8 * MiB))];
        Array.ForEach(burst, array => _pool.Return(array));
        Assert.Equal(80 * MiB, _pool.IdleLength);

        _time.Advance(2 * LargeArrayPool.TrimInterval);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, _pool.IdleLength);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void Arrays_in_use_are_kept_and_the_rest_are_released()
    {
        byte[][] burst = [.. Enumerable.Range(0, 10).Select(_ => _pool.Rent(MiB))];
        Array.ForEach(burst, array => _pool.Return(array));

        for (int second = 0; second < 30; second++)
        {
            byte[] first = _pool.Rent(MiB);
            byte[] second2 = _pool.Rent(MiB);
            _time.Advance(TimeSpan.FromSeconds(1));
            _pool.Return(first);
            _pool.Return(second2);
        }

        Assert.Equal(2 * MiB, _pool.IdleLength);
    }

    [Fact]
    public void Arrays_returned_above_the_limit_are_not_kept()
    {
        byte[][] burst = [.. Enumerable.Range(0, 20).Select(_ => _pool.Rent(8 * MiB))];
        Array.ForEach(burst, array => _pool.Return(array));

        Assert.Equal(96 * MiB, _pool.IdleLength);
    }

    [Fact]
    public unsafe void What_is_let_go_is_not_resident_any_more_though_the_collector_has_not_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Pages are released on Linux only.");
        byte[] array = _pool.Rent(8 * MiB);
        array.AsSpan().Fill(1);
        fixed (byte* content = array)
        {
            Assert.InRange(ResidentLength(content, array.Length), 7 * MiB, 9 * MiB);
            _pool.Return(array);

            _time.Advance(2 * LargeArrayPool.TrimInterval);
            _time.Advance(TimeSpan.FromSeconds(1));

            Assert.InRange(ResidentLength(content, array.Length), 0, 16_384);
        }
    }

    [Fact]
    public unsafe void What_is_not_kept_is_not_resident_any_more_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Pages are released on Linux only.");
        var pool = new LargeArrayPool(time: null, maxIdleLength: MiB);
        byte[] array = pool.Rent(8 * MiB);
        array.AsSpan().Fill(1);
        fixed (byte* content = array)
        {
            pool.Return(array);

            Assert.InRange(ResidentLength(content, array.Length), 0, 16_384);
        }
    }

    [Fact]
    public async Task Threads_never_share_an_array()
    {
        await Task.WhenAll(Enumerable.Range(1, 4).Select(thread => Task.Run(
            () =>
            {
                var random = new Random(thread);
                for (int i = 0; i < 2_000; i++)
                {
                    byte[] array = _pool.Rent(random.Next(65_537, 400_000));
                    array[0] = array[^1] = (byte)thread;
                    Thread.Yield();
                    Assert.Equal(thread, array[0]);
                    Assert.Equal(thread, array[^1]);
                    _pool.Return(array);
                }
            },
            TestContext.Current.CancellationToken)));
    }

    // proc_pid_pagemap(5): 8 bytes for each page; bit 63 says that it is present.
    private static unsafe long ResidentLength(byte* start, int length)
    {
        long pageLength = Environment.SystemPageSize;
        long first = (long)start / pageLength;
        long count = (((long)start + length - 1) / pageLength) - first + 1;
        byte[] entries = new byte[count * sizeof(ulong)];
        using FileStream map = File.OpenRead("/proc/self/pagemap");
        map.Position = first * sizeof(ulong);
        map.ReadExactly(entries);
        long resident = 0;
        for (int page = 0; page < count; page++)
        {
            resident += BitConverter.ToUInt64(entries, page * sizeof(ulong)) >> 63 == 0 ? 0 : pageLength;
        }

        return resident;
    }
}
