using Microsoft.Extensions.Logging;

namespace Sockeye.Logging;

/// <summary>Wraps the application's logger. Never throws, and never logs unescaped text from a peer.</summary>
/// <remarks>
/// An application's logger may throw: the disk is full, or a provider was disposed of. On a timer thread that would end the
/// process, and at the end of a connection it would make the server wait for it forever. Text from a peer is escaped where it is
/// formatted; <see cref="EscapedLogState"/> covers events that forget to. An exception that the application threw is passed on
/// unchanged.
/// </remarks>
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
            if (EscapedLogState.TryCreate(state, exception, formatter) is { } escaped)
            {
                logger.Log(logLevel, eventId, escaped, exception, static (state, _) => state.ToString());
            }
            else
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
            }
        }
        catch (Exception)
        {
            // The logger itself failed, so there is nowhere left to report it.
        }
    }
}
