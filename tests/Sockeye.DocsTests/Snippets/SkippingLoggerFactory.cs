using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

// snippet: leave out an event
internal sealed class SkippingLoggerFactory(ILoggerFactory inner, params int[] skipped) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new SkippingLogger(inner.CreateLogger(categoryName), skipped);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();

    private sealed class SkippingLogger(ILogger inner, int[] skipped) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!skipped.Contains(eventId.Id))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
// end snippet
