using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Sockeye.Tests;

/// <summary>Listens to all instruments of the library, from its creation on.</summary>
internal sealed class RecordedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Measured> _recorded = new();
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new();
    private readonly List<Measured> _before;
    private readonly Lock _gate = new();
    private List<Measured> _observed = [];

    public RecordedMetrics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Sockeye")
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _observed.Add(new(instrument.Name, value, ToText(tags))));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _recorded.Enqueue(new(instrument.Name, value, ToText(tags))));
        _listener.Start();
        _before = Observe();
    }

    /// <summary>The instruments by their names.</summary>
    public IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    /// <summary>What an observable instrument has changed by, over all measurements with the given attributes.</summary>
    public long Change(string instrument, params string[] tags)
    {
        lock (_gate)
        {
            return Sum(Observe(), instrument, tags) - Sum(_before, instrument, tags);
        }
    }

    /// <summary>The values recorded by a histogram, with the given attributes, in order.</summary>
    public double[] Values(string instrument, params string[] tags) =>
        [.. _recorded.Where(measured => measured.IsOf(instrument, tags)).Select(measured => measured.Value)];

    /// <summary>The attributes of each value of a histogram, as "name=value", without those of the group.</summary>
    public string[] Results(string instrument, params string[] tags) =>
        [.. _recorded.Where(measured => measured.IsOf(instrument, tags)).Select(measured => string.Join(", ", measured.OwnTags()))];

    /// <summary>The names of the attributes that the measurements of an instrument have had.</summary>
    public string[] TagNames(string instrument)
    {
        lock (_gate)
        {
            return
            [
                .. Observe().Concat(_recorded).Where(measured => measured.Instrument == instrument)
                    .SelectMany(measured => measured.Tags.Select(tag => tag.Split('=')[0])).Distinct().Order(StringComparer.Ordinal),
            ];
        }
    }

    public void Dispose() => _listener.Dispose();

    private static long Sum(List<Measured> measured, string instrument, string[] tags) =>
        (long)measured.Where(one => one.IsOf(instrument, tags)).Sum(one => one.Value);

    private static string[] ToText(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        List<string> text = [];
        foreach ((string name, object? value) in tags)
        {
            text.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={value}"));
        }

        return [.. text];
    }

    private List<Measured> Observe()
    {
        _observed = [];
        _listener.RecordObservableInstruments();
        return _observed;
    }

    private sealed record Measured(string Instrument, double Value, string[] Tags)
    {
        private static readonly string[] OfGroups = ["sockeye.role=", "url.scheme=", "network.transport=", "http.route="];

        public bool IsOf(string instrument, string[] tags) =>
            Instrument == instrument && tags.All(tag => Tags.Contains(tag, StringComparer.Ordinal));

        public IEnumerable<string> OwnTags() =>
            Tags.Where(tag => !OfGroups.Any(name => tag.StartsWith(name, StringComparison.Ordinal)));
    }
}
