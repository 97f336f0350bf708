using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sockeye.Protocol;

namespace Sockeye.Logging;

/// <summary>The logger factory of an application that sets none: warnings and errors go to the standard error stream.</summary>
/// <remarks>
/// It keeps an exception in a handler, a rejected origin, or a certificate without its key from going unnoticed.
/// <see cref="SwitchName"/> turns it off for a process; another factory replaces it for one server or client.
/// </remarks>
internal sealed class DefaultLoggerFactory : ILoggerFactory
{
    /// <summary>The <see cref="AppContext"/> switch that turns this off when it is <see langword="false"/>.</summary>
    public const string SwitchName = "Sockeye.LogToStandardError";

    private readonly ConcurrentDictionary<string, ILogger> _loggers = new(StringComparer.Ordinal);
    private readonly LogOutput _output;
    private readonly bool _isOn;

    public DefaultLoggerFactory(LogOutput output, bool isOn)
    {
        _output = output;
        _isOn = isOn;
    }

    /// <summary>The factory that the process shares.</summary>
    public static DefaultLoggerFactory Instance { get; } = new(
        LogOutput.StandardError, isOn: !AppContext.TryGetSwitch(SwitchName, out bool isOn) || isOn);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, factory) => new Logger(name, factory._output, factory._isOn), this);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("Providers cannot be added to the default logger factory. Set LoggerFactory to your own.");

    /// <inheritdoc/>
    public void Dispose()
    {
        // Shared by the process, so never disposed of.
    }

    private sealed class Logger(string category, LogOutput output, bool isOn) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOn && logLevel is >= LogLevel.Warning and < LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || !output.TryEnter())
            {
                return;
            }

            string level = logLevel == LogLevel.Warning ? "warning" : "error";
            string text = $"{category} {level} {eventId.Id}: {formatter(state, exception)}{Environment.NewLine}";

            // The exception may come from the application and quote a peer, and the output may be a terminal.
            output.Write(exception is null ? text : $"{text}{PeerText.EscapeLines(exception.ToString())}{Environment.NewLine}");
        }
    }
}
