using Sockeye.Collections;

namespace Sockeye.Tests;

public sealed class DenseSetTests
{
    private readonly DenseSet<Entry> _set = new();

    [Fact]
    public void An_added_item_is_in_the_set_until_it_is_removed()
    {
        Entry[] entries = [.. Enumerable.Range(0, 5).Select(_ => new Entry())];
        foreach (Entry entry in entries)
        {
            _set.Add(entry);
        }

        _set.Remove(entries[0]);
        _set.Remove(entries[4]);

        Assert.Equal(3, _set.Count);
        Assert.Equal(entries[1..4].ToHashSet(), _set.ToArray().ToHashSet());
    }

    [Fact]
    public void Removing_a_missing_item_has_no_effect()
    {
        Entry[] entries = [new(), new()];
        _set.Remove(entries[0]);
        _set.Add(entries[0]);
        _set.Add(entries[1]);
        _set.Remove(entries[0]);

        _set.Remove(entries[0]);
        _set.Remove(new Entry());

        Assert.Equal([entries[1]], _set.ToArray());
    }

    [Fact]
    public void A_copy_does_not_change()
    {
        var entry = new Entry();
        _set.Add(entry);
        Entry[] copy = _set.ToArray();

        _set.Remove(entry);

        Assert.Equal([entry], copy);
        Assert.Empty(_set.ToArray());
    }

    [Fact]
    public void The_set_holds_the_remaining_items_after_random_changes()
    {
        var random = new Random(6455);
        HashSet<Entry> expected = [];
        for (int i = 0; i < 20_000; i++)
        {
            // In waves: it grows to thousands and shrinks again.
            bool adds = random.Next(10) < (i / 4_000 % 2 == 0 ? 8 : 2);
            if (adds || expected.Count == 0)
            {
                var entry = new Entry();
                _set.Add(entry);
                expected.Add(entry);
            }
            else
            {
                Entry entry = _set.ToArray()[random.Next(expected.Count)];
                _set.Remove(entry);
                expected.Remove(entry);
            }
        }

        Assert.Equal(expected, _set.ToArray().ToHashSet());
        Assert.Equal(expected.Count, _set.Count);
    }

    [Fact]
    public void Threads_that_add_and_remove_leave_the_set_empty()
    {
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                Entry[] entries = [new(), new()];
                _set.Add(entries[0]);
                _set.Add(entries[1]);
                _set.Remove(entries[0]);
                _set.Remove(entries[1]);
            }
        });

        Assert.Equal(0, _set.Count);
    }

    private sealed class Entry : IDenseSetEntry
    {
        public int Position { get; set; }
    }
}
