using Sockeye.Collections;

namespace Sockeye.Transports.Loops;

/// <summary>
/// The sources of a loop by the number that epoll returns with each event. A number combines an index of the table with its
/// generation, so that a late event for a removed source never reaches the one that reuses its index or descriptor.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class SourceTable
{
    private const int NoPlace = -1;
    private const int GenerationShift = 32;

    private ChunkedArray<Entry> _entries = new();
    private int _used;
    private int _free = NoPlace;

    /// <summary>The number of sources.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a source.</summary>
    /// <returns>The number to register with epoll.</returns>
    public ulong Add(IEventLoopSource source)
    {
        int place = _free;
        if (place != NoPlace)
        {
            _free = _entries[place].NextFree;
        }
        else
        {
            place = _used;
            if (place == _entries.Length)
            {
                _entries.Grow();
            }

            _used++;
        }

        Count++;
        ref Entry entry = ref _entries[place];
        entry.Source = source;
        return ((ulong)entry.Generation << GenerationShift) | (uint)place;
    }

    /// <summary>Removes the source with a number.</summary>
    public void Remove(ulong number)
    {
        int place = (int)(uint)number;
        ref Entry entry = ref _entries[place];
        entry.Source = null;
        entry.Generation++;
        entry.NextFree = _free;
        _free = place;
        Count--;
    }

    /// <summary>Returns the source with a number, or <see langword="null"/> if it was removed.</summary>
    public IEventLoopSource? Find(ulong number)
    {
        ref Entry entry = ref _entries[(int)(uint)number];
        return entry.Generation == (uint)(number >> GenerationShift) ? entry.Source : null;
    }

    private struct Entry
    {
        public IEventLoopSource? Source;
        public uint Generation;
        public int NextFree;
    }
}
