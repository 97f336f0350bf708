namespace Sockeye.Collections;

/// <summary>
/// A set of objects that each store their own position, which costs a reference and four bytes per object. Thread-safe.
/// </summary>
internal sealed class DenseSet<T>
    where T : class, IDenseSetEntry
{
    private const int MinLength = 16;

    private T[] _entries = [];
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
                Array.Resize(ref _entries, Math.Max(2 * _count, MinLength));
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

            // Only at a quarter, so that one entry that comes and goes does not make the array shrink and grow each time.
            if (_count <= _entries.Length / 4 && _entries.Length > MinLength)
            {
                Array.Resize(ref _entries, _entries.Length / 2);
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
    public T[] ToArray()
    {
        lock (this)
        {
            return _entries[.._count];
        }
    }
}
