using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sockeye.Protocol;

namespace Sockeye.Logging;

/// <summary>The loggers of an application that has set none: warnings and errors go to the standard error stream.</summary>
/// <remarks>
/// So that an exception of a handler, a refused origin or a certificate without its key is not silent.
/// <see cref="SwitchName"/> turns it off for a process; for one server or client, another factory does.
/// </remarks>
internal sealed class DefaultLoggerFactory : ILoggerFactory
{
    /// <summary>The switch of <see cref="AppContext"/> that turns this off when it is <see langword="false"/>.</summary>
    public const string SwitchName = "Sockeye.LogToStandardError";

    private readonly ConcurrentDictionary<string, ILogger> _loggers = new(StringComparer.Ordinal);
    private readonly LogOutput _output;
    private readonly bool _isOn;

    public DefaultLoggerFactory(LogOutput output, bool isOn)
    {
        _output = output;
        _isOn = isOn;
    }

    /// <summary>The one of the process.</summary>
    public static DefaultLoggerFactory Instance { get; } = new(
        LogOutput.StandardError, isOn: !AppContext.TryGetSwitch(SwitchName, out bool isOn) || isOn);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, factory) => new Logger(name, factory._output, factory._isOn), this);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("Set LoggerFactory to a factory of your own.");

    /// <inheritdoc/>
    public void Dispose()
    {
        // It belongs to the process.
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

            // It may be the application's, which may quote what a peer sent; and this may be a terminal.
            output.Write(exception is null ? text : $"{text}{PeerText.EscapeLines(exception.ToString())}{Environment.NewLine}");
        }
    }
}
