namespace Sockeye.Collections;

/// <summary>
/// A set of objects that each store their own position, which costs a reference and four bytes per object. Thread-safe.
/// </summary>
internal sealed class DenseSet<T>
    where T : class, IDenseSetEntry
{
    private ChunkedArray<T> _entries = new();
    private int _count;

    /// <summary>The number of objects in the set.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds an object that is in no other set of this kind.</summary>
    public void Add(T entry)
    {
        lock (this)
        {
            if (_count == _entries.Length)
            {
                _entries.Grow();
            }

            _entries[_count] = entry;
            entry.Position = _count++;
        }
    }

    /// <summary>Removes an object; does nothing if it is not in the set.</summary>
    public void Remove(T entry)
    {
        lock (this)
        {
            int position = entry.Position;
            if (position >= _count || _entries[position] != entry)
            {
                return;
            }

            // The last entry takes its place.
            T last = _entries[--_count];
            _entries[position] = last;
            last.Position = position;
            _entries[_count] = null!;

            // One chunk stays free, so that an entry that comes and goes does not make the array shrink and grow each time.
            if (_entries.Length - _count >= 2 * ChunkedArray<T>.ChunkLength)
            {
                _entries.Shrink();
            }
        }
    }

    /// <summary>Returns a value for each object that is in the set now.</summary>
    /// <param name="select">Computes the value. Called under the lock.</param>
    public TResult[] Select<TResult>(Func<T, TResult> select)
    {
        lock (this)
        {
            var results = new TResult[_count];
            for (int index = 0; index < results.Length; index++)
            {
                results[index] = select(_entries[index]);
            }

            return results;
        }
    }

    /// <summary>Returns the objects that are in the set now.</summary>
    public T[] ToArray() => Select(static entry => entry);
}
