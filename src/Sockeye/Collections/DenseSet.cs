namespace Sockeye.Collections;

/// <summary>
/// Objects that come and go, each of which knows its place: a set that costs a reference and four bytes for each.
/// Thread-safe.
/// </summary>
internal sealed class DenseSet<T>
    where T : class, IDenseSetEntry
{
    private const int MinLength = 16;

    private T[] _entries = [];
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds an object that is in no such set.</summary>
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

    /// <summary>Takes an object out; nothing happens if it is not there.</summary>
    public void Remove(T entry)
    {
        lock (this)
        {
            int position = entry.Position;
            if (position >= _count || _entries[position] != entry)
            {
                return;
            }

            // The last takes its place.
            T last = _entries[--_count];
            _entries[position] = last;
            last.Position = position;
            _entries[_count] = null!;

            // At a quarter, so that one who comes and goes doesn't make it shrink and grow.
            if (_count <= _entries.Length / 4 && _entries.Length > MinLength)
            {
                Array.Resize(ref _entries, _entries.Length / 2);
            }
        }
    }

    /// <summary>What there is of those that are there at this moment.</summary>
    /// <param name="select">Called under the lock.</param>
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

    /// <summary>Those that are there at this moment.</summary>
    public T[] ToArray()
    {
        lock (this)
        {
            return _entries[.._count];
        }
    }
}
