using System.Runtime.CompilerServices;
using Sockeye.Telemetry;

namespace Sockeye.Tests;

public sealed class ThreadedCountersTests
{
    [Fact]
    public void Counters_are_exact_whichever_threads_count()
    {
        var counters = new ThreadedCounters();
        Measure[] all = [.. Enum.GetValues<Measure>().Where(measure => measure != Measure.Count)];

        Parallel.For(0, 1_000, _ =>
        {
            foreach (Measure measure in all)
            {
                counters.Add(measure, (int)measure + 1);
            }
        });

        Assert.All(all, measure => Assert.Equal(1_000L * ((int)measure + 1), counters.Read(measure)));
    }

    [Fact]
    public void Two_sets_of_counters_do_not_mix()
    {
        var one = new ThreadedCounters();
        var other = new ThreadedCounters();

        other.Add(Measure.SentLength, 1);
        one.Add(Measure.SentLength, 10, Measure.ReceivedLength, 20);

        Assert.Equal(1, other.Read(Measure.SentLength));
        Assert.Equal(0, other.Read(Measure.ReceivedLength));
        Assert.Equal(10, one.Read(Measure.SentLength));
        Assert.Equal(20, one.Read(Measure.ReceivedLength));
    }

    [Fact]
    public void What_a_thread_has_counted_outlasts_the_thread()
    {
        var counters = new ThreadedCounters();
        for (int i = 0; i < 10; i++)
        {
            CountOnThread(counters);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.Equal(i + 1, counters.Read(Measure.SentLength));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CountOnThread(ThreadedCounters counters)
    {
        var thread = new Thread(() => counters.Add(Measure.SentLength, 1));
        thread.Start();
        thread.Join();
    }
}
