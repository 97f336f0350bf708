namespace Sockeye.Collections;

/// <summary>
/// An array that grows and shrinks by chunks: no element is copied, no array becomes garbage, and none is larger than needed by more than
/// a chunk.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal struct ChunkedArray<T>
{
    private const int ChunkShift = 8;

    // Only this list of chunks is copied when it is full.
    private T[][] _chunks;
    private int _chunkCount;

    /// <summary>Creates an empty array.</summary>
    public ChunkedArray() => _chunks = [];

    /// <summary>The number of elements in a chunk.</summary>
    public const int ChunkLength = 1 << ChunkShift;

    /// <summary>The number of elements.</summary>
    public readonly int Length => _chunkCount << ChunkShift;

    /// <summary>Returns an element.</summary>
    /// <param name="index">Its index, from 0.</param>
    public readonly ref T this[int index] => ref _chunks[index >> ChunkShift][index & (ChunkLength - 1)];

    /// <summary>Adds a chunk of elements that have the default value.</summary>
    public void Grow()
    {
        if (_chunkCount == _chunks.Length)
        {
            Array.Resize(ref _chunks, Math.Max(2 * _chunkCount, 1));
        }

        // Allocated first: without memory nothing has changed.
        T[] chunk = new T[ChunkLength];
        _chunks[_chunkCount++] = chunk;
    }

    /// <summary>Removes the last chunk.</summary>
    public void Shrink() => _chunks[--_chunkCount] = null!;
}
