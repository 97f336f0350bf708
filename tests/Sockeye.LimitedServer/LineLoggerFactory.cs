using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Writes warnings and errors to the output, a line each.</summary>
internal sealed class LineLoggerFactory : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Console.WriteLine($"log {eventId.Id} {formatter(state, exception)} {exception}".ReplaceLineEndings(" "));
        }
    }
}
