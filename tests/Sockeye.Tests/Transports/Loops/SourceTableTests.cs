using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

public sealed class SourceTableTests
{
    private readonly SourceTable _table = new();

    [Fact]
    public void A_source_is_found_by_its_number()
    {
        var source = new SilentSource();
        ulong number = _table.Add(source);

        Assert.Same(source, _table.Find(number));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void A_late_event_of_a_removed_source_is_dropped()
    {
        ulong number = _table.Add(new SilentSource());
        _table.Remove(number);

        Assert.Null(_table.Find(number));
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void A_late_event_never_reaches_the_successor_in_the_same_slot()
    {
        var gone = new List<ulong>();
        for (int generation = 0; generation < 1000; generation++)
        {
            var source = new SilentSource();
            ulong number = _table.Add(source);

            // The same place each time: the low half of the number.
            Assert.Equal(gone.Count == 0 ? (uint)number : (uint)gone[0], (uint)number);
            Assert.All(gone, late => Assert.Null(_table.Find(late)));
            Assert.Same(source, _table.Find(number));
            _table.Remove(number);
            gone.Add(number);
        }
    }

    [Fact]
    public void All_sources_are_found_after_the_table_has_grown()
    {
        (ulong Number, SilentSource Source)[] all = [.. Enumerable.Range(0, 1000).Select(_ => Add())];

        Assert.All(all, one => Assert.Same(one.Source, _table.Find(one.Number)));
        Assert.Equal(all.Length, all.Select(one => one.Number).Distinct().Count());
        Assert.Equal(all.Length, _table.Count);
    }

    [Fact]
    public void Free_slots_are_reused_before_the_table_grows()
    {
        (ulong Number, SilentSource Source)[] first = [.. Enumerable.Range(0, 100).Select(_ => Add())];
        uint highest = first.Max(one => (uint)one.Number);
        foreach ((ulong number, _) in first)
        {
            _table.Remove(number);
        }

        (ulong Number, SilentSource Source)[] second = [.. Enumerable.Range(0, 100).Select(_ => Add())];

        Assert.Equal(highest, second.Max(one => (uint)one.Number));
        Assert.All(first, one => Assert.Null(_table.Find(one.Number)));
        Assert.All(second, one => Assert.Same(one.Source, _table.Find(one.Number)));
    }

    [Fact]
    public void Random_adds_and_removals_keep_each_number_with_its_source()
    {
        var random = new Random(7);
        var present = new List<(ulong Number, SilentSource Source)>();
        var gone = new List<ulong>();
        for (int step = 0; step < 20_000; step++)
        {
            if (present.Count == 0 || random.Next(2) == 0)
            {
                present.Add(Add());
            }
            else
            {
                int index = random.Next(present.Count);
                _table.Remove(present[index].Number);
                gone.Add(present[index].Number);
                present.RemoveAt(index);
            }

            Assert.Equal(present.Count, _table.Count);
        }

        Assert.All(present, one => Assert.Same(one.Source, _table.Find(one.Number)));
        Assert.All(gone, number => Assert.Null(_table.Find(number)));
    }

    private (ulong Number, SilentSource Source) Add()
    {
        var source = new SilentSource();
        return (_table.Add(source), source);
    }

    private sealed class SilentSource : IEventLoopSource
    {
        public void OnEvents(EpollEvents events)
        {
        }

        public void OnPosted()
        {
        }

        public void OnFaulted(Exception exception)
        {
        }

        public void OnHeldUp(TimeSpan duration)
        {
        }
    }
}
