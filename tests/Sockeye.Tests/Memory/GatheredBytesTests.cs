using Sockeye.Memory;

namespace Sockeye.Tests;

public sealed class GatheredBytesTests
{
    private const int FirstLength = 64;

    private readonly CountingPool _pool = new();
    private readonly byte[] _bytes = RandomBytes(1000);

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Bytes_stay_the_same_while_the_array_grows(int length)
    {
        var gathered = new GatheredBytes(FirstLength);
        foreach (byte[] piece in _bytes.Chunk(length))
        {
            piece.CopyTo(gathered.Reserve(_pool, piece.Length));
            gathered.Advance(piece.Length);
        }

        Assert.Equal(_bytes, gathered.Bytes.ToArray());
        Assert.Equal(1, _pool.OutCount);
        gathered.Release(_pool);
        Assert.Equal(0, gathered.Length);
        _pool.AssertAllReturned();
    }

    [Fact]
    public void The_array_doubles_so_that_short_writes_rent_few()
    {
        var gathered = new GatheredBytes(FirstLength);
        foreach (byte value in _bytes)
        {
            gathered.Add(_pool, [value]);
        }

        // 64, 128, 256, 512, 1024
        Assert.Equal(5, _pool.RentCount);
        gathered.Release(_pool);
    }

    [Fact]
    public void Nothing_is_rented_before_the_first_byte()
    {
        var gathered = new GatheredBytes(FirstLength);

        gathered.Add(_pool, []);
        gathered.Release(_pool);

        Assert.Equal((0, 0), (_pool.RentCount, gathered.Room));
    }

    [Fact]
    public void Clear_keeps_the_array_and_Detach_gives_it_away()
    {
        var gathered = new GatheredBytes(FirstLength);
        gathered.Add(_pool, _bytes.AsSpan(0, 10));
        gathered.Clear();
        gathered.Add(_pool, _bytes.AsSpan(20, 10));

        ArraySegment<byte> detached = gathered.Detach();

        Assert.Equal(_bytes.AsSpan(20, 10), detached);
        Assert.Equal((1, 0, 0), (_pool.RentCount, gathered.Length, gathered.Room));
        gathered.Release(_pool);
        Assert.Equal(1, _pool.OutCount);
        _pool.Return(detached.Array!);
    }

    [Fact]
    public void More_bytes_than_an_array_can_hold_are_rejected_and_those_before_stay()
    {
        var gathered = new GatheredBytes(FirstLength);
        gathered.Add(_pool, _bytes);

        Assert.Throws<InvalidOperationException>(() => gathered.Reserve(_pool, Array.MaxLength));

        Assert.Equal(_bytes, gathered.Bytes.ToArray());
        gathered.Release(_pool);
    }

    [Fact]
    public void The_bytes_stay_if_the_pool_has_no_longer_array()
    {
        var pool = new CountingPool { LengthNotToBeHad = 2 * FirstLength };
        var gathered = new GatheredBytes(FirstLength);
        gathered.Add(pool, _bytes.AsSpan(0, FirstLength));

        Assert.Throws<InsufficientMemoryException>(() => gathered.Reserve(pool, 1));

        Assert.Equal(_bytes.AsSpan(0, FirstLength), gathered.Bytes.Span);
        gathered.Release(pool);
        pool.AssertAllReturned();
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(5).NextBytes(bytes);
        return bytes;
    }
}
