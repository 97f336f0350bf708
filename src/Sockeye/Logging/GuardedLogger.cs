using Microsoft.Extensions.Logging;

namespace Sockeye.Logging;

/// <summary>The only way to an application's logger: never throws, and shows nothing of a peer's unescaped.</summary>
/// <remarks>
/// An application's logger may throw: a full disk, a provider that has been disposed of. On a timer thread that would end
/// the process, and at the end of a connection it would leave the server waiting for it for ever. What a peer sent is
/// escaped where it becomes a text; <see cref="EscapedLogState"/> also covers an event that forgets to. An exception that the
/// application threw is handed on as it is.
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
