using Microsoft.Extensions.Logging;

namespace Sockeye.Connections;

/// <summary>
/// A logger that never throws. Those of applications may: a full disk, a provider that has been disposed of. On a timer
/// thread that would end the process, and at the end of a connection it would leave the server waiting for it for ever.
/// </summary>
internal sealed class GuardedLogger(ILogger logger) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // Whoever would be told of it is the one who threw.
        }
    }
}
