using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Sockeye.Hosting;

namespace Sockeye.Tests;

/// <summary>The page about the log has each event, with its level.</summary>
public sealed class LogPageTests
{
    [Fact]
    public void Every_event_has_a_row_with_its_level()
    {
        string[] rows = [.. MarkdownPage.Read("docs/how-to/log.md").TableRows()
            .Where(cells => int.TryParse(cells[0], CultureInfo.InvariantCulture, out _))
            .Select(cells => $"{cells[0]} | {cells[1]}")];

        Assert.Equal(Events().Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_two_events_have_the_same_number()
    {
        Assert.Equal(Events().Length, Events().Select(row => row.Split(' ')[0]).Distinct().Count());
    }

    private static string[] Events() =>
    [
        .. from assembly in (Assembly[])[typeof(WebSocketServer).Assembly, typeof(IWebSocketConnections).Assembly]
           from type in assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
           let logged = method.GetCustomAttribute<LoggerMessageAttribute>()
           where logged is not null
           select $"{logged.EventId} | {LevelOf(logged)}",
    ];

    // Without a level it is decided for each entry.
    private static string LevelOf(LoggerMessageAttribute logged) => (logged.Level, logged.EventId) switch
    {
        (LogLevel.None, 101) => "Warning or Information",
        (LogLevel.None, 103) => "Error, Information or Debug",
        _ => logged.Level.ToString(),
    };
}
