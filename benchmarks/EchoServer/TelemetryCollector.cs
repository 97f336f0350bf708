using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sockeye.Benchmarks;

/// <summary>Listens to every instrument and activity of the library, and collects each second, as an exporter does.</summary>
internal sealed class TelemetryCollector : IDisposable
{
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities = new()
    {
        ShouldListenTo = static source => source.Name == "Sockeye",
        Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
    };

    private readonly Timer _timer;
    private long _count;

    public TelemetryCollector()
    {
        _meters.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Sockeye")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, _, _, _) => Interlocked.Increment(ref _count));
        _meters.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref _count));
        _meters.Start();
        ActivitySource.AddActivityListener(_activities);
        _timer = new Timer(_ => _meters.RecordObservableInstruments(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _meters.Dispose();
        _activities.Dispose();
    }
}
