using Sockeye.Collections;

namespace Sockeye.Tests;

public sealed class ChunkedArrayTests
{
    private const int ChunkLength = ChunkedArray<int>.ChunkLength;

    private ChunkedArray<int> _array = new();

    [Fact]
    public void It_has_no_elements_at_first()
    {
        Assert.Equal(0, _array.Length);
        Assert.Throws<IndexOutOfRangeException>(() => _array[0]);
    }

    [Fact]
    public void Elements_keep_their_place_and_value_while_it_grows_and_shrinks()
    {
        for (int chunk = 0; chunk < 5; chunk++)
        {
            _array.Grow();
            Assert.Equal((chunk + 1) * ChunkLength, _array.Length);
            for (int index = chunk * ChunkLength; index < _array.Length; index++)
            {
                Assert.Equal(0, _array[index]);
                _array[index] = index + 1;
            }
        }

        ref int kept = ref _array[ChunkLength - 1];
        _array.Shrink();
        _array.Shrink();

        Assert.Equal(3 * ChunkLength, _array.Length);
        for (int index = 0; index < _array.Length; index++)
        {
            Assert.Equal(index + 1, _array[index]);
        }

        kept = 7;
        Assert.Equal(7, _array[ChunkLength - 1]);
    }

    [Fact]
    public void A_chunk_that_is_added_again_has_default_values()
    {
        _array.Grow();
        _array[3] = 5;

        _array.Shrink();
        _array.Grow();

        Assert.Equal(0, _array[3]);
    }
}
