using System.Globalization;
using Microsoft.Extensions.Logging;
using Sockeye.Logging;

namespace Sockeye.Tests;

/// <summary>The log of an application without a logger.</summary>
public sealed class LogOutputTests
{
    private const int MaxEntriesInAPeriod = 50;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _written = [];
    private readonly SemaphoreSlim _count = new(0);
    private DefaultLoggerFactory? _factory;

    [Fact]
    public async Task Warnings_and_errors_are_written_with_category_event_and_exception()
    {
        ILogger logger = Create().CreateLogger("Sockeye.Server");

        Say(logger, LogLevel.Information, 301, "not this");
        Say(logger, LogLevel.Warning, 304, "that one");
        Say(logger, LogLevel.Error, 203, "and this", new InvalidOperationException("a cause"));

        Assert.Equal($"Sockeye.Server warning 304: that one{Environment.NewLine}", await NextAsync(0));
        string error = await NextAsync(1);
        Assert.StartsWith($"Sockeye.Server error 203: and this{Environment.NewLine}", error, StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException: a cause", error, StringComparison.Ordinal);
        Assert.False(logger.IsEnabled(LogLevel.Information));
        Assert.Same(logger, Create().CreateLogger("Sockeye.Server"));
    }

    [Fact]
    public async Task An_exception_that_quotes_a_peer_cannot_forge_lines_or_terminal_sequences()
    {
        ILogger logger = Create().CreateLogger("Sockeye.Server");

        Say(logger, LogLevel.Error, 203, "threw", new InvalidOperationException(HostileText.WithLoneSurrogate));
        Say(logger, LogLevel.Error, 203, "threw", new InvalidOperationException(HostileText.Long));

        string[] entries = [await NextAsync(0), await NextAsync(1)];
        foreach (string entry in entries)
        {
            HostileText.AssertEscaped(entry, hasLines: true);
            string[] lines = entry.Split(Environment.NewLine);
            Assert.Equal("Sockeye.Server error 203: threw", lines[0]);
            Assert.All(lines[1..^1], line => Assert.StartsWith("  ", line, StringComparison.Ordinal));
            Assert.InRange(entry.Length, 1, 40 * 1024);
        }

        Assert.Contains(@"InvalidOperationException: a\u0000\u0007\u001B[31m", entries[0], StringComparison.Ordinal);
    }

    [Fact]
    public void No_level_is_enabled_when_the_log_is_off()
    {
        using var factory = new DefaultLoggerFactory(new LogOutput(Write, _time), isOn: false);

        Assert.False(factory.CreateLogger("Sockeye.Server").IsEnabled(LogLevel.Critical));
    }

    [Fact]
    public async Task A_flood_is_truncated_and_the_next_period_logs_the_number_of_dropped_entries()
    {
        ILogger logger = Create().CreateLogger("Sockeye.Server");
        for (int i = 0; i < MaxEntriesInAPeriod + 7; i++)
        {
            Say(logger, LogLevel.Warning, 1, "one of many");
        }

        await NextAsync(MaxEntriesInAPeriod - 1);
        _time.Advance(TimeSpan.FromSeconds(10));
        Say(logger, LogLevel.Warning, 1, "later");

        string later = await NextAsync(MaxEntriesInAPeriod);
        Assert.StartsWith($"Sockeye left out 7 entries here{Environment.NewLine}", later, StringComparison.Ordinal);
        Assert.EndsWith($": later{Environment.NewLine}", later, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_caller_never_waits_for_a_blocked_stream()
    {
        using var unread = new ManualResetEventSlim();
        var output = new LogOutput(
            text =>
            {
                unread.Wait(Deadline);
                Write(text);
            },
            _time);

        int count = 0;
        for (int period = 0; period < 20; period++)
        {
            while (output.TryEnter())
            {
                output.Write($"{count++}");
            }

            _time.Advance(TimeSpan.FromSeconds(10));
        }

        // One more may be on its way out.
        Assert.InRange(count, 200, 201);
        unread.Set();
        await NextAsync(count - 1);
        Assert.Equal(Enumerable.Range(0, count), _written.Select(text => int.Parse(text.Split('\n')[^1], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_stream_that_throws_does_not_affect_the_caller()
    {
        bool throws = true;
        var output = new LogOutput(
            text =>
            {
                if (throws)
                {
                    throws = false;
                    throw new IOException("closed");
                }

                Write(text);
            },
            _time);

        output.Write("lost");
        output.Write("written");

        Assert.Equal("written", await NextAsync(0));
    }

    private static void Say(ILogger logger, LogLevel level, int eventId, string text, Exception? exception = null) =>
        logger.Log(level, new EventId(eventId), text, exception, static (text, _) => text);

    private DefaultLoggerFactory Create() => _factory ??= new DefaultLoggerFactory(new LogOutput(Write, _time), isOn: true);

    private void Write(string text)
    {
        lock (_written)
        {
            _written.Add(text);
        }

        _count.Release();
    }

    private async Task<string> NextAsync(int index)
    {
        while (true)
        {
            lock (_written)
            {
                if (_written.Count > index)
                {
                    return _written[index];
                }
            }

            Assert.True(await _count.WaitAsync(Deadline));
        }
    }
}
