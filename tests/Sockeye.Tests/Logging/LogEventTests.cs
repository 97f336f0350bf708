using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Sockeye.Logging;

namespace Sockeye.Tests;

/// <summary>How every log event shows text of a peer. Events are found by reflection, so none is missed.</summary>
public sealed class LogEventTests
{
    private static readonly Action<ILogger, string, int, Exception?> Seen =
        LoggerMessage.Define<string, int>(LogLevel.Warning, default, "Seen {Path} {Count} times");

    public static TheoryData<string> Events { get; } =
        [.. AllEvents().Select(method => $"{method.DeclaringType!.Name}.{method.Name}")];

    [Fact]
    public void Every_event_has_a_unique_number()
    {
        int[] numbers = [.. AllEvents().Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()!.EventId)];

        Assert.True(numbers.Length >= 26, $"Only {numbers.Length} events were found.");
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_escapes_text_of_the_peer(string name)
    {
        MethodInfo method = AllEvents().Single(method => $"{method.DeclaringType!.Name}.{method.Name}" == name);
        var log = new Listener();
        var logger = new GuardedLogger(log);
        ParameterInfo[] parameters = method.GetParameters();

        // Once for each value of the parameter that has the most of them.
        object?[][] values = [.. parameters.Select(parameter => HostileValues(parameter, logger))];
        int rounds = values.Max(each => each.Length);
        for (int round = 0; round < rounds; round++)
        {
            method.Invoke(obj: null, [.. values.Select(each => each[round % each.Length])]);
        }

        Assert.Equal(rounds, log.Texts.Count);
        Assert.All(log.Texts, text => HostileText.AssertEscaped(text));
        Assert.All(log.Values, value => HostileText.AssertEscaped(value));
        Assert.All(log.Exceptions, exception => HostileText.AssertEscaped(exception.ToString(), hasLines: true));
        Assert.All(log.Texts, text => Assert.InRange(text.Length, 1, 8 * 1024));
        Assert.All(log.Exceptions, exception => Assert.InRange(exception.ToString().Length, 1, 16 * 1024));
    }

    [Fact]
    public void Long_text_is_truncated()
    {
        var log = new Listener();

        Seen(new GuardedLogger(log), new string('x', 1_000_000), 3, null);

        Assert.InRange(Assert.Single(log.Texts).Length, 1, 8_192);
        Assert.Equal(new string('x', EscapedLogState.MaxValueLength) + "…", log.Values[0]);
    }

    [Fact]
    public void Values_keep_their_names_and_non_text_values_their_types()
    {
        var log = new Listener();

        Seen(new GuardedLogger(log), HostileText.Text, 3, null);

        Assert.Equal(["Path", "Count", "{OriginalFormat}"], log.Names);
        Assert.Equal("3", log.Values[1]);
        Assert.StartsWith(@"Seen a\u0000\u0007\u001B[31m", log.Texts[0], StringComparison.Ordinal);
        Assert.EndsWith(" 3 times", log.Texts[0], StringComparison.Ordinal);
    }

    private static IEnumerable<MethodInfo> AllEvents() =>
        from type in typeof(GuardedLogger).Assembly.GetTypes()
        from method in type.GetMethods(
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where method.IsDefined(typeof(LoggerMessageAttribute), inherit: false)
        select method;

    // A kind of parameter that is new needs a line here.
    private static object?[] HostileValues(ParameterInfo parameter, GuardedLogger logger)
    {
        Type type = parameter.ParameterType;
        return type == typeof(ILogger) || type == typeof(GuardedLogger) ? [logger]
            : type.IsValueType ? [Activator.CreateInstance(type)]
            : type == typeof(string) ? [HostileText.WithLoneSurrogate, null, HostileText.Long]

            // A client chooses the path that its Unix socket is bound to.
            : type.IsAssignableFrom(typeof(UnixDomainSocketEndPoint)) ?
                [new UnixDomainSocketEndPoint("/tmp/\u001b[31m\r\n" + HostileText.Forged), null]
            : type == typeof(Exception) ? [.. HostileExceptions.All]
            : type == typeof(WebSocketDisconnect) ?
                [.. HostileExceptions.Results.Select(result => new WebSocketDisconnect(result, exception: null)),
                    new WebSocketDisconnect(result: null, new HttpRequestException(HostileText.Text)),
                    new WebSocketDisconnect(result: null, new HttpRequestException(HostileText.Long))]
            : throw new NotSupportedException($"What would a peer put into {parameter}?");
    }

    private sealed class Listener : ILogger
    {
        public List<string> Texts { get; } = [];

        public List<string> Names { get; } = [];

        public List<string?> Values { get; } = [];

        public List<Exception> Exceptions { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Texts.Add(formatter(state, exception));
            Texts[^1] = Texts[^1] == state!.ToString() ? Texts[^1] : "The state has another text.\n";
            foreach ((string name, object? value) in Assert.IsAssignableFrom<IReadOnlyList<KeyValuePair<string, object?>>>(state))
            {
                Names.Add(name);
                Values.Add(value?.ToString());
            }

            if (exception is not null)
            {
                Exceptions.Add(exception);
            }
        }
    }
}
