using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Makes loggers that throw at everything, and counts how often they have.</summary>
internal sealed class ThrowingLoggerFactory : ILoggerFactory, ILogger
{
    private int _thrown;

    public int Thrown => Volatile.Read(ref _thrown);

    /// <summary>Whether it throws already when it is asked for a logger.</summary>
    public bool RefusesLoggers { get; init; }

    public ILogger CreateLogger(string categoryName)
    {
        ObjectDisposedException.ThrowIf(RefusesLoggers, this);
        return this;
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        Interlocked.Increment(ref _thrown);
        throw new IOException("No space left on device.");
    }
}
